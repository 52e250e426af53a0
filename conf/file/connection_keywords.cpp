#include "conf/file/connection_keywords.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "conf/file/wording.hpp"
#include "conf/options/units.hpp"

namespace pgweir::conf {
namespace {

/// A keyword, and the version of libpq that brought it; 0: every one that pgweir can be built with.
struct Keyword {
    std::string_view name;
    int since = 0;
};
// libpq-connect.html#LIBPQ-PARAMKEYWORDS of PostgreSQL 18, without oauth_*. Sorted.
constexpr auto table = std::to_array<Keyword>({
    {"application_name"},
    {"channel_binding"},
    {"client_encoding"},
    {"connect_timeout"},
    {"dbname"},
    {"fallback_application_name"},
    {"gssdelegation", 17},
    {"gssencmode"},
    {"gsslib"},
    {"host"},
    {"hostaddr"},
    {"keepalives"},
    {"keepalives_count"},
    {"keepalives_idle"},
    {"keepalives_interval"},
    {"krbsrvname"},
    {"load_balance_hosts", 16},
    {"max_protocol_version", 18},
    {"min_protocol_version", 18},
    {"options"},
    {"passfile"},
    {"password"},
    {"port"},
    {"require_auth", 16},
    {"requirepeer"},
    {"scram_client_key", 18},
    {"scram_server_key", 18},
    {"service"},
    {"ssl_max_protocol_version"},
    {"ssl_min_protocol_version"},
    {"sslcert"},
    {"sslcertmode", 16},
    {"sslcompression"},
    {"sslcrl"},
    {"sslcrldir"},
    {"sslkey"},
    {"sslkeylogfile", 18},
    {"sslmode"},
    {"sslnegotiation", 17},
    {"sslpassword"},
    {"sslrootcert"},
    {"sslsni"},
    {"target_session_attrs"},
    {"tcp_user_timeout"},
    {"user"},
});
constexpr auto keywords = [] {
    std::array<std::string_view, table.size()> names;
    std::ranges::transform(table, names.begin(), &Keyword::name);
    return names;
}();
static_assert(std::ranges::is_sorted(keywords));

constexpr auto secrets = std::to_array<std::string_view>(
    {"password", "scram_client_key", "scram_server_key", "sslpassword"});

/// Keywords that we know and do not take, with the reason.
struct Refused {
    std::string_view name;
    std::string_view reason;
};
constexpr auto refused = std::to_array<Refused>({
    {"replication", "a pooled connection cannot be a replication connection"},
    {"requiressl", "libpq has replaced it by sslmode"},
    {"authtype", "libpq has removed it"},
    {"tty", "libpq has removed it"},
});
constexpr std::string_view of_oauth = "oauth_";
constexpr std::string_view oauth_reason =
    "OAuth has a person log in with a browser, and pgweir connects by itself";

/// Keywords whose value is one of a few words.
struct Modes {
    std::string_view name;
    std::array<std::string_view, 6> values;  ///< unused ones are empty
};
constexpr auto modes = std::to_array<Modes>({
    {"sslmode", {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
    {"sslnegotiation", {"postgres", "direct"}},
    {"sslcertmode", {"disable", "allow", "require"}},
    // Under GSS encryption libpq does not give its bytes away, and pgweir relays bytes.
    {"gssencmode", {"disable", "prefer"}},
    {"channel_binding", {"disable", "prefer", "require"}},
    {"load_balance_hosts", {"disable", "random"}},
    {"min_protocol_version", {"3.0", "3.2", "latest"}},
    {"max_protocol_version", {"3.0", "3.2", "latest"}},
    {"target_session_attrs",
     {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}},
});

constexpr auto switches =
    std::to_array<std::string_view>({"gssdelegation", "keepalives", "sslcompression", "sslsni"});
constexpr auto numbers =
    std::to_array<std::string_view>({"connect_timeout", "keepalives_count", "keepalives_idle",
                                     "keepalives_interval", "tcp_user_timeout"});

bool contains(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

/// What `value` is not, as the end of a message.
std::optional<std::string> check_mode(const Modes& mode, std::string_view value) {
    const auto end = std::ranges::find(mode.values, std::string_view{});
    const std::span<const std::string_view> values{mode.values.begin(), end};
    if (contains(values, value)) return std::nullopt;
    return "is not " + any_of(values) + did_you_mean(value, values);
}

std::optional<std::string> check_ports(std::string_view value) {
    for (const std::string_view port : split(value, ',')) {
        if (port.empty()) continue;  // libpq's default
        const Result<std::uint64_t> number = parse_count(port);
        if (!number || *number < 1 || *number > 65'535) return "is not a number from 1 to 65535";
    }
    return std::nullopt;
}

std::optional<std::string> check_number(std::string_view value) {
    // libpq takes -1 for "the default" in some of these.
    const Result<std::uint64_t> number =
        parse_count(value.starts_with('-') ? value.substr(1) : value);
    if (number && *number <= 2'147'483'647) return std::nullopt;
    return "is not a whole number";
}

std::optional<std::string> check_switch(std::string_view value) {
    if (value == "0" || value == "1") return std::nullopt;
    return "is neither 0 nor 1";
}

std::optional<std::string> check_value(std::string_view name, std::string_view value) {
    if (name == "port") return check_ports(value);
    if (contains(switches, name)) return check_switch(value);
    if (contains(numbers, name)) return check_number(value);
    const auto mode = std::ranges::find(modes, name, &Modes::name);
    return mode == modes.end() ? std::nullopt : check_mode(*mode, value);
}

std::size_t parts_of(const std::vector<ConnectionKeyword>& connection, std::string_view name) {
    const auto found = std::ranges::find(connection, name, &ConnectionKeyword::first);
    if (found == connection.end() || found->second.empty()) return 0;
    return split(found->second, ',').size();
}

}  // namespace

std::span<const std::string_view> connection_keywords() {
    return keywords;
}

bool is_connection_keyword(std::string_view name) {
    return std::ranges::binary_search(keywords, name);
}

bool is_secret_keyword(std::string_view name) {
    return contains(secrets, name);
}

std::string_view why_refused(std::string_view name) {
    if (name.starts_with(of_oauth)) return oauth_reason;
    const auto found = std::ranges::find(refused, name, &Refused::name);
    return found == refused.end() ? std::string_view{} : found->reason;
}

int libpq_version_of(std::string_view name) {
    const auto found = std::ranges::find(table, name, &Keyword::name);
    return found == table.end() ? 0 : found->since;
}

std::optional<std::string> check_keyword_value(std::string_view name, std::string_view value,
                                               bool show) {
    // An empty value is libpq's way to say "the default".
    if (value.empty()) return std::nullopt;
    const auto wrong = check_value(name, value);
    if (!wrong) return std::nullopt;
    return std::string{name} + ": " + (show ? in_quotes(value) : "its value") + ' ' + *wrong;
}

std::optional<std::string> check_hosts(const std::vector<ConnectionKeyword>& connection) {
    const std::size_t hosts = parts_of(connection, "host");
    const std::size_t addresses = parts_of(connection, "hostaddr");
    const std::size_t ports = parts_of(connection, "port");
    const auto counts = [](std::size_t a, std::string_view what, std::size_t b,
                           std::string_view of) {
        return std::to_string(a) + ' ' + std::string{what} + " for " + std::to_string(b) + ' ' +
               std::string{of};
    };
    if (hosts > 0 && addresses > 0 && hosts != addresses) {
        return counts(addresses, "values of hostaddr", hosts, "of host");
    }
    const auto targets = std::max<std::size_t>({hosts, addresses, 1});
    if (ports > 1 && ports != targets) return counts(ports, "values of port", targets, "of host");
    return std::nullopt;
}

}  // namespace pgweir::conf
