// The configuration in use, and how another one takes its place.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/file/configuration_file.hpp"
#include "conf/options/setting_name.hpp"
#include "daemon/console/reload_report.hpp"
#include "daemon/tls/client_tls.hpp"

namespace pgweir::daemon {

/// Reads the file anew, says what is different, and keeps what is in use. Lives on the main thread.
class Reconfiguration {
  public:
    /// `loaded` is what `file` holds, without a problem.
    Reconfiguration(conf::ConfigurationFile file, conf::Loaded loaded);

    [[nodiscard]] const std::shared_ptr<const conf::Config>& config() const { return config_; }
    [[nodiscard]] const std::string& path() const { return file_.path; }

    /// Where clients really come in, if not where `listen` said at the start.
    void listens_at(std::vector<conf::ListenAddress> addresses) {
        listening_ = std::move(addresses);
    }
    /// What is wrong with `next` for the addresses that pgweir listens at: a new `listen` needs a
    /// restart, and sockets that were handed over are in no file.
    [[nodiscard]] std::optional<std::string> exposure(const conf::Config& next) const;

    /// Logs what became of each setting of a pgbouncer.ini.
    void log_import();
    /// Reads the file, and the files for TLS into `tls`. Blocks while it reads. config() is the new
    /// one if the report says that it was applied, and the former one otherwise.
    [[nodiscard]] ReloadReport reload(ClientTlsStore& tls);
    /// Changes one setting until the next reload, for which can_be_changed() holds; of TLS, `tls`
    /// as well. Blocks while it reads a file that the value names.
    [[nodiscard]] ReloadReport set(const conf::NamedSetting& setting, std::string_view text,
                                   ClientTlsStore& tls);

  private:
    void configure_log() const;
    [[nodiscard]] ReloadReport refuse(std::vector<conf::Problem> problems) const;
    [[nodiscard]] ReloadReport take(std::shared_ptr<const conf::Config> next);

    const conf::ConfigurationFile file_;
    std::shared_ptr<const conf::Config> config_;
    /// What was read at the start: what needs a restart is as it says.
    const std::shared_ptr<const conf::Config> at_start_;
    std::vector<conf::ListenAddress> listening_;
    conf::pgbouncer::Report report_;  ///< until it is logged
    std::set<std::string> reported_;  ///< what has been
};

}  // namespace pgweir::daemon
