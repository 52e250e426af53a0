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

/// What somebody has prepared in a schema of that name, or by default privileges, gives nobody a
/// right: the function is made anew, and the schema and it are shared with the role alone.
constexpr std::string_view sql_body = R"(
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgweir') THEN
        CREATE ROLE pgweir;
    END IF;
END
$$;
ALTER ROLE pgweir LOGIN;
CREATE SCHEMA IF NOT EXISTS pgweir;
ALTER SCHEMA pgweir OWNER TO CURRENT_USER;
DROP FUNCTION IF EXISTS pgweir.user_secret(text);
CREATE FUNCTION pgweir.user_secret(wanted text, OUT name text, OUT secret text)
    RETURNS SETOF record
    LANGUAGE sql STABLE STRICT SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT rolname::text,
               CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END
        FROM pg_catalog.pg_authid
        WHERE rolname = wanted AND rolcanlogin
    $$;
DO $$
DECLARE
    whoever text;
BEGIN
    IF (SELECT count(*) FROM pg_proc
        WHERE pronamespace = 'pgweir'::regnamespace AND proname = 'user_secret') > 1 THEN
        RAISE EXCEPTION 'the schema pgweir has another function user_secret'
            USING HINT = 'Somebody else has made it. Look at it, and drop it.';
    END IF;
    FOR whoever IN
        SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END
        FROM (SELECT nspowner AS owner, nspacl AS acl FROM pg_namespace WHERE nspname = 'pgweir'
              UNION ALL
              SELECT proowner, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
              WHERE oid = 'pgweir.user_secret(text)'::regprocedure) shared, aclexplode(acl)
        WHERE grantee <> owner
    LOOP
        EXECUTE 'REVOKE ALL ON SCHEMA pgweir FROM ' || whoever || ' CASCADE';
        EXECUTE 'REVOKE ALL ON FUNCTION pgweir.user_secret(text) FROM ' || whoever || ' CASCADE';
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA pgweir TO pgweir;
GRANT EXECUTE ON FUNCTION pgweir.user_secret(text) TO pgweir;
COMMIT;
)";

/// `text` as a literal of SQL, also within a dollar-quoted string.
std::string in_sql(const std::string& text) {
    std::string literal = "E'";
    for (const char c : on_one_line(text)) {
        if (c == '\'' || c == '\\') literal += c;
        if (c == '$') literal += "\\x24";
        if (c != '$') literal += c;
    }
    return literal + '\'';
}

/// The function has to be where the configuration looks for it; psql may be connected elsewhere.
std::string in_this_database(const std::string& database) {
    return "BEGIN;\nSET LOCAL search_path = pg_catalog, pg_temp;\nDO $$\nBEGIN\n"
           "    IF current_database() <> " +
           in_sql(database) +
           " THEN\n        RAISE EXCEPTION 'this is for another database, not for %', "
           "current_database()\n            USING HINT = " +
           in_sql("Run it in database \"" + database + "\" (psql -d).") + ";\n    END IF;";
}

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
                : "  # MD5 hashes are stored there: set password_encryption to scram-sha-256, set "
                  "these passwords anew,\n  # and take scram-sha-256 here.\n  type: md5\n";
    return text +
           "  # No user's password is stored here: this role looks up what PostgreSQL has of it.\n"
           "  # `pgweir --setup=sql` makes the role and the function.\n"
           "  auth_user: pgweir\n"
           "  auth_dbname: pgweir_auth\n"
           "  auth_query: \"SELECT name, secret FROM pgweir.user_secret($1::text)\"\n";
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
    text += in_this_database(server.database);
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
