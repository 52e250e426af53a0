// Rules in the format of pg_hba.conf: which method a client has to pass.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/access/hba_tokens.hpp"
#include "conf/access/ip_address.hpp"
#include "conf/access/ldap_options.hpp"
#include "conf/access/regex.hpp"
#include "conf/problem.hpp"

namespace pgweir::conf {

enum class AuthType : std::uint8_t;

/// What a rule is asked.
struct HbaQuestion {
    bool is_local = false;  ///< over a Unix socket
    bool is_tls = false;
    IpAddress address;  ///< without meaning for a Unix socket
    std::string_view user;
    std::string_view database;
    /// Of physical replication, which has no database: only the keyword `replication` fits it.
    bool is_physical_replication = false;
};

/// One rule.
struct HbaRule {
    enum class Transport : std::uint8_t { local, host, hostssl, hostnossl, never };
    /// A database or a user.
    struct Name {
        enum class Kind : std::uint8_t { exact, regex, all, same_user, replication };
        Kind kind = Kind::exact;
        std::string text;
        std::optional<Regex> regex;
    };

    /// PostgreSQL's.
    static constexpr std::string_view default_pam_service = "postgresql";

    Transport transport = Transport::local;
    std::vector<Name> databases;
    std::vector<Name> users;
    std::optional<std::vector<IpRange>> ranges;  ///< nothing: any address
    AuthType method{};
    std::string map;                   ///< `map=`; empty: the names must be the same
    bool needs_certificate = false;    ///< `clientcert=`
    bool client_name_is_dn = false;    ///< `clientname=DN`
    bool certificate_is_user = false;  ///< `clientcert=verify-full`: it must name the user, too
    LdapOptions ldap;                  ///< of the method ldap
    std::string pam_service{default_pam_service};  ///< `pamservice=`
    bool pam_uses_host_name = false;               ///< `pam_use_hostname=1`
    std::string file;
    int line = 0;
    std::string text;  ///< as it stands in the file, without a secret

    [[nodiscard]] bool applies(const HbaQuestion& question) const;
};

/// All rules of a file and of those that it includes. Immutable.
///
/// PostgreSQL manual, "The pg_hba.conf File". What pgweir cannot do is refused when the file is
/// read, not passed over: methods other than trust, reject, password, md5, scram-sha-256, cert,
/// peer, ldap and pam; membership in roles (`+role`, `samerole`), which only the server knows; host
/// names. GSS entries are accepted and never match: pgweir has no GSS.
class Hba {
  public:
    /// Reads a file and what it includes. Blocks. Problems are added with the file, line and column
    /// where they are; with any, the result is of no use.
    [[nodiscard]] static std::shared_ptr<const Hba> load(const std::string& path,
                                                         std::vector<Problem>& problems);
    /// Reads a text that may not include or refer to other files.
    [[nodiscard]] static std::shared_ptr<const Hba> parse(std::string_view text,
                                                          const std::string& name,
                                                          std::vector<Problem>& problems);

    /// The first rule that applies, or nullptr. It lives as long as this.
    [[nodiscard]] const HbaRule* find(const HbaQuestion& question) const;
    [[nodiscard]] const std::vector<HbaRule>& rules() const { return rules_; }

  private:
    friend class HbaReader;
    std::vector<HbaRule> rules_;
};

}  // namespace pgweir::conf
