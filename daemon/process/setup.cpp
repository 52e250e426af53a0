#include "daemon/process/setup.hpp"

#include <libpq-fe.h>
#include <sys/stat.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "conf/file/addresses.hpp"
#include "daemon/process/setup_texts.hpp"

namespace pgweir::daemon {
namespace {

struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using ResultPtr = std::unique_ptr<PGresult, Clear>;

std::optional<std::string> setting(PGconn* connection, const char* name) {
    const char* const values[] = {name};
    const ResultPtr result(PQexecParams(connection, "SELECT pg_catalog.current_setting($1)", 1,
                                        nullptr, values, nullptr, nullptr, 0));
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return std::nullopt;
    return PQgetvalue(result.get(), 0, 0);
}

/// The words of a list with commas between them.
std::vector<std::string> words_of(std::string_view list) {
    std::vector<std::string> words;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        std::string_view word = list.substr(0, end);
        while (word.starts_with(' ')) word.remove_prefix(1);
        while (word.ends_with(' ')) word.remove_suffix(1);
        if (!word.empty()) words.emplace_back(word);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return words;
}

/// Where a server of this machine is reached by TCP; empty: nowhere.
std::string own_host(const std::vector<std::string>& addresses) {
    for (const std::string& address : addresses) {
        if (address == "*" || address == "0.0.0.0" || address == "localhost") return "127.0.0.1";
        if (address == "::") return "::1";
        if (conf::is_local({.host = address})) return address;
    }
    return addresses.empty() ? std::string{} : addresses.front();
}

/// The first folder that holds the server's socket here.
std::string socket_folder(const std::vector<std::string>& folders, const std::string& port) {
    for (const std::string& folder : folders) {
        struct stat found {};
        const std::string path = folder + "/.s.PGSQL." + port;
        if (folder.starts_with('/') && ::stat(path.c_str(), &found) == 0 &&
            S_ISSOCK(found.st_mode)) {
            return folder;
        }
    }
    return {};
}

/// `15.4 (Debian 15.4-1)` without what is in brackets.
std::string without_brackets(std::string version) {
    return version.substr(0, version.find(" ("));
}

/// What was stored before password_encryption was changed stays as it is. False also for whoever
/// may not look.
bool has_md5_hashes(PGconn* connection) {
    const ResultPtr result(PQexec(connection,
                                  "SELECT FROM pg_catalog.pg_authid WHERE rolcanlogin AND "
                                  "pg_catalog.starts_with(rolpassword, 'md5') LIMIT 1"));
    return PQntuples(result.get()) > 0;
}

std::optional<FoundServer> look_at(PGconn* connection) {
    const auto version = setting(connection, "server_version");
    const auto addresses = setting(connection, "listen_addresses");
    const auto folders = setting(connection, "unix_socket_directories");
    const auto encryption = setting(connection, "password_encryption");
    if (!version || !addresses || !folders || !encryption) return std::nullopt;
    FoundServer server;
    server.port = PQport(connection);
    server.database = PQdb(connection);
    server.version = without_brackets(*version);
    server.has_scram = *encryption == "scram-sha-256" && !has_md5_hashes(connection);
    const std::string host = PQhost(connection);
    if (host.starts_with('/')) {
        server.socket_folder = host;
        server.host = own_host(words_of(*addresses));
    } else {
        server.host = host;
        server.socket_folder = conf::is_local({.host = host})
                                   ? socket_folder(words_of(*folders), server.port)
                                   : std::string{};
        server.encrypts = PQsslInUse(connection) != 0;
    }
    return server;
}

}  // namespace

int setup(const std::string& conninfo, std::string_view part) {
    const std::string whole = conninfo.empty() ? "dbname=postgres" : conninfo;
    const Connection connection(PQconnectdb(whole.c_str()));
    std::optional<FoundServer> server;
    if (PQstatus(connection.get()) == CONNECTION_OK) server = look_at(connection.get());
    if (!server) {
        std::cerr
            << "pgweir: " << PQerrorMessage(connection.get())
            << "As a superuser of PostgreSQL, for example: sudo -u postgres pgweir --setup; for "
               "a server elsewhere: pgweir --setup --server 'host=db1 user=postgres'\n";
        return 1;
    }
    std::cout << (part == "sql"    ? setup_sql(*server)
                  : part == "yaml" ? setup_configuration(*server)
                                   : setup_texts(*server));
    return 0;
}

}  // namespace pgweir::daemon
