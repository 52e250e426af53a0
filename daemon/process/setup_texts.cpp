#include "daemon/process/setup_texts.hpp"

#include <algorithm>
#include <string_view>

namespace pgweir::daemon {
namespace {

/// What came from the server or the command line ends no line.
std::string on_one_line(std::string text) {
    std::ranges::replace_if(
        text, [](unsigned char c) { return c < ' '; }, ' ');
    return text;
}

/// `text` as a scalar of YAML that stands for itself: `${` would be a reference.
std::string in_yaml(const std::string& text) {
    std::string scalar = "\"";
    for (const char c : on_one_line(text)) {
        if (c == '"' || c == '\\') scalar += '\\';
        if (c == '{' && scalar.ends_with('$')) scalar.insert(scalar.size() - 1, 1, '$');
        scalar += c;
    }
    return scalar + '"';
}

std::string name_of(const FoundServer& server) {
    std::string name = "PostgreSQL";
    if (!server.version.empty()) name += ' ' + server.version;
    name += " at " + (server.socket_folder.empty() ? server.host : server.socket_folder);
    return on_one_line(name + ", port " + server.port);
}

/// Qualified names and operators: what is found must not depend on a search_path.
constexpr std::string_view sql_body = R"(BEGIN;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pgweir') THEN
        CREATE ROLE pgweir LOGIN;
    END IF;
END
$$;
CREATE SCHEMA IF NOT EXISTS pgweir;
ALTER SCHEMA pgweir OWNER TO CURRENT_USER;
CREATE OR REPLACE FUNCTION pgweir.user_secret(wanted text, OUT name text, OUT secret text)
    RETURNS SETOF record
    LANGUAGE sql STABLE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT rolname::text,
               CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END
        FROM pg_catalog.pg_authid
        WHERE rolname = wanted AND rolcanlogin
    $$;
ALTER FUNCTION pgweir.user_secret(text) OWNER TO CURRENT_USER;
REVOKE ALL ON FUNCTION pgweir.user_secret(text) FROM PUBLIC;
GRANT USAGE ON SCHEMA pgweir TO pgweir;
GRANT EXECUTE ON FUNCTION pgweir.user_secret(text) TO pgweir;
COMMIT;
)";

/// Where auth_user logs in.
std::string lookup_entry(const FoundServer& server) {
    const bool local = !server.socket_folder.empty();
    std::string entry =
        "  pgweir_auth: {host: " + in_yaml(local ? server.socket_folder : server.host) +
        ", port: " + server.port + ", dbname: " + in_yaml(server.database);
    if (!local && server.encrypts) entry += ", sslmode: require";
    return entry + "}\n";
}

std::string clients_entry(const FoundServer& server) {
    std::string entry =
        "  \"*\": {host: " + in_yaml(server.host.empty() ? server.socket_folder : server.host) +
        ", port: " + server.port;
    if (server.socket_folder.empty() && server.encrypts) entry += ", sslmode: require";
    return entry + "}\n";
}

std::string authentication(const FoundServer& server) {
    std::string text = "auth:\n";
    text += server.has_scram
                ? "  type: scram-sha-256\n"
                : "  # password_encryption is md5 there: set it to scram-sha-256, set all "
                  "passwords anew, and take\n  # scram-sha-256 here.\n  type: md5\n";
    return text +
           "  # No user's password is stored here: this role looks up what PostgreSQL has of it.\n"
           "  # `pgweir --setup=sql` makes the role and the function.\n"
           "  auth_user: pgweir\n"
           "  auth_dbname: pgweir_auth\n"
           "  auth_query: \"SELECT name, secret FROM pgweir.user_secret($1)\"\n";
}

std::string databases(const FoundServer& server) {
    std::string text = "databases:\n";
    text +=
        server.socket_folder.empty()
            ? "  # Where passwords are looked up.\n"
            : "  # Where passwords are looked up: by the Unix socket PostgreSQL knows the system's "
              "user pgweir\n  # (`peer` in pg_hba.conf), so that it needs no password.\n";
    text += lookup_entry(server);
    text +=
        "  # Every other name that clients ask for. pgweir logs in as the client, with what the "
        "client's own\n  # login has shown.\n";
    if (server.host.empty()) {
        text +=
            "  # PostgreSQL listens for no TCP: pg_hba.conf must have scram-sha-256 for `local`.\n";
    }
    return text + clients_entry(server);
}

}  // namespace

std::string setup_sql(const FoundServer& server) {
    std::string text =
        "-- For " + name_of(server) + ", database " + on_one_line(server.database) +
        ", run by a superuser: a role for pgweir\n"
        "-- that may look up passwords, as PostgreSQL stores them, and nothing else.\n";
    text += sql_body;
    if (server.socket_folder.empty()) {
        text +=
            "-- Then give it a password (psql: \\password pgweir) and put that into "
            "/etc/pgweir/auth.secret.\n";
    }
    return text;
}

std::string setup_configuration(const FoundServer& server) {
    std::string text = "# pgweir before " + name_of(server) +
                       ".\n"
                       "# pgweir.yaml(5) tells of every option; `pgweir --check FILE` says what is "
                       "wrong with a file.\n\n"
                       "# For clients of other machines add an address, and TLS (tls.*).\n"
                       "listen: [\"127.0.0.1:6432\", /run/pgweir]\n\n";
    text += authentication(server);
    text +=
        "\npool:\n"
        "  mode: transaction\n"
        "  default_pool_size: 20                  # connections for each database and user\n"
        "limits:\n"
        "  max_client_conn: 1000\n\n";
    text += databases(server);
    if (server.socket_folder.empty()) {
        text +=
            "\nusers:\n"
            "  pgweir: {password: \"file:/etc/pgweir/auth.secret\"}\n";
    }
    return text;
}

std::string setup_texts(const FoundServer& server) {
    std::string text = setup_sql(server) + "\n-- The configuration (pgweir --setup=yaml):\n";
    const std::string configuration = setup_configuration(server);
    for (std::string_view rest = configuration; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        text += end == 0 ? "--\n" : "-- " + std::string{rest.substr(0, end)} + '\n';
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return text;
}

}  // namespace pgweir::daemon
