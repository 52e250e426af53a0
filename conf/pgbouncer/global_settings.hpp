// The settings of [pgbouncer].
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "conf/options/option_table.hpp"
#include "conf/pgbouncer/journal.hpp"

namespace pgweir::conf::pgbouncer {

class GlobalSettings {
  public:
    explicit GlobalSettings(Journal& journal) : journal_{journal} {}

    /// The section that counts: the last one.
    void read(const IniSection& section);

    /// The top of the tree: sections and options in the order of the option table.
    [[nodiscard]] std::vector<YamlEntry> tree() const;
    /// Keywords of libpq for every entry of `databases`.
    [[nodiscard]] const std::vector<YamlEntry>& for_every_database() const {
        return for_every_database_;
    }
    /// Where PgBouncer finds the server of an entry without `host`; empty: nowhere.
    [[nodiscard]] const std::string& socket_folder() const { return socket_folder_; }
    /// The value of an option that is a number; its default if it is not set.
    [[nodiscard]] std::uint64_t number(std::string_view option) const;

  private:
    void read_setting(const IniSetting& setting);
    void take(const Setting& row, const IniSetting& setting, const Converted& value);
    void take_keyword(const Setting& row, const IniSetting& setting, const Converted& value);
    void take_tls_versions(const IniSetting& setting);
    void put(std::string_view option, Place place, const YamlNodePtr& value);
    void put_default(std::string_view setting, std::string_view option, std::string_view value,
                     std::string_view why);
    void put_as_pgbouncer(std::string_view option, std::string_view value);
    void finish_auth_files();
    void finish_listen();
    void listen_to_addresses(std::vector<YamlNodePtr>& items, const std::string& port);
    void listen_to_folder(std::vector<YamlNodePtr>& items, const std::string& port);
    void allow_trust();
    void cap_minimum();

    Journal& journal_;
    Place section_;
    std::map<const Option*, YamlEntry> options_;
    std::vector<YamlEntry> for_every_database_;
    std::vector<const IniSetting*> auth_files_;
    const IniSetting* listen_addr_ = nullptr;
    const IniSetting* listen_port_ = nullptr;
    const IniSetting* unix_socket_dir_ = nullptr;
    std::string socket_folder_ = "/tmp";
};

}  // namespace pgweir::conf::pgbouncer
