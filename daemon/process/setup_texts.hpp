// What a PostgreSQL needs so that pgweir can stand before it, as texts.
#pragma once

#include <string>

namespace pgweir::daemon {

/// What is known of a PostgreSQL. Without more, it is one as Debian's package sets it up.
struct FoundServer {
    /// The folder of its Unix socket on this machine, by which it knows the user that pgweir runs
    /// as; empty: it is reached by TCP alone.
    std::string socket_folder = "/var/run/postgresql";
    /// Where it listens for TCP; empty: nowhere.
    std::string host = "127.0.0.1";
    std::string port = "5432";
    std::string database = "postgres";  ///< where the function is to be that looks up passwords
    std::string version;                ///< empty: not known
    bool encrypts = false;              ///< the look at it was by TLS
    bool has_scram = true;              ///< its passwords are SCRAM verifiers, no MD5 hashes
};

/// SQL that makes the role and the function by which pgweir looks up passwords. It may be run
/// again.
[[nodiscard]] std::string setup_sql(const FoundServer& server);

/// A configuration of pgweir for this server, in YAML.
[[nodiscard]] std::string setup_configuration(const FoundServer& server);

/// Both, as SQL: the configuration stands in comments.
[[nodiscard]] std::string setup_texts(const FoundServer& server);

}  // namespace pgweir::daemon
