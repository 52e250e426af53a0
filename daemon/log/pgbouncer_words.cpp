#include "daemon/log/pgbouncer_words.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>

namespace pgweir::daemon::log {
namespace {

using Lines = std::vector<std::string>;
using Text = std::string_view;

/// The fields of one event. Texts have come through quote(), so that they cannot break a line.
class Facts {
  public:
    explicit Facts(std::span<const Field> fields) : fields_(fields) {}

    [[nodiscard]] std::string text(Text key) const {
        const auto found = std::ranges::find(fields_, key, &Field::key);
        if (found == fields_.end()) return {};
        if (const auto* const text = std::get_if<Text>(&found->value)) return unquoted(*text);
        if (const auto* const number = std::get_if<std::int64_t>(&found->value)) {
            return std::to_string(*number);
        }
        return std::to_string(std::get<std::uint64_t>(found->value));
    }
    [[nodiscard]] std::string or_else(Text key, Text otherwise) const {
        std::string found = text(key);
        return found.empty() ? std::string(otherwise) : found;
    }
    /// `C-0x2a: app/alice@127.0.0.1:50000 `.
    [[nodiscard]] std::string head(char kind, Text id, Text address) const {
        return std::string(1, kind) + "-0x" + hex(text(id)) + ": " + or_else("database", "(nodb)") +
               '/' + or_else("user", "(nouser)") + '@' + text(address) + ' ';
    }
    [[nodiscard]] std::string client() const { return head('C', "client", "addr"); }
    [[nodiscard]] std::string server() const { return head('S', "id", "server"); }

  private:
    /// As quote() has it, but for the quotes around it and before those inside.
    static std::string unquoted(Text value) {
        std::string quoted = quote(value);
        if (!quoted.starts_with('"')) return quoted;
        std::string plain;
        for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
            if (quoted[i] == '\\' && quoted[i + 1] == '"') ++i;
            plain += quoted[i];
        }
        return plain;
    }
    static std::string hex(const std::string& decimal) {
        std::array<char, 20> digits{};
        const std::uint64_t number = decimal.empty() ? 0 : std::stoull(decimal);
        std::snprintf(digits.data(), digits.size(), "%llx",
                      static_cast<unsigned long long>(number));
        return digits.data();
    }

    std::span<const Field> fields_;
};

struct Phrase {
    Text ours;
    Text theirs;
};

/// What PgBouncer says of ours, or ours.
std::string translated(std::span<const Phrase> phrases, const std::string& ours) {
    const auto found = std::ranges::find(phrases, Text(ours), &Phrase::ours);
    return found == phrases.end() ? ours : std::string(found->theirs);
}

std::string closing(const std::string& head, const std::string& why, const std::string& age) {
    return head + "closing because: " + why + " (age=" + (age.empty() ? "0" : age) + "s)";
}

constexpr std::array timeouts{
    Phrase{"query_timeout", "query timeout"},
    Phrase{"idle_transaction_timeout", "idle transaction timeout"},
    Phrase{"transaction_timeout", "transaction timeout"},
};
constexpr std::array client_ends{
    Phrase{"terminate", "client close request"},   Phrase{"lost", "client unexpected eof"},
    Phrase{"shutdown", "server shutting down"},    Phrase{"killed", "admin forced disconnect"},
    Phrase{"server_lost", "server conn crashed?"}, Phrase{"protocol_error", "broken packet"},
};
constexpr std::array server_ends{
    Phrase{"idle", "server idle timeout"},
    Phrase{"lifetime", "server lifetime over"},
    Phrase{"lost", "server conn crashed?"},
    Phrase{"dirty", "client disconnect while server was not ready"},
    Phrase{"protocol_error", "broken server packet"},
    Phrase{"retired", "database configuration changed"},
    Phrase{"shutdown", "server shutting down"},
    Phrase{"connect_failed", "connect failed"},
    Phrase{"client_left", "client disconnect"},
};

Lines login(const Facts& facts) {
    return {facts.client() + "login attempt: db=" + facts.text("database") +
            " user=" + facts.text("user") + " tls=" + facts.or_else("tls", "no") +
            " replication=" + (facts.text("replication") == "none" ? "no" : "yes")};
}

Lines client_closed(const Facts& facts) {
    const std::string reason = facts.text("reason");
    std::string why = facts.text("timeout");
    if (!why.empty()) {
        why = translated(timeouts, why);
    } else if (reason == "shutdown" || reason == "killed" || facts.text("error").empty()) {
        why = translated(client_ends, reason);
    } else {
        // Where we have PostgreSQL's message, the detail has PgBouncer's.
        const std::string detail = facts.text("detail");
        const bool is_theirs = (reason == "refused" && !detail.empty()) || detail == "login failed";
        why = is_theirs ? detail : facts.text("error");
    }
    return {closing(facts.client(), why, facts.text("age_s"))};
}

Lines authentication_failed(const Facts& facts) {
    const std::string reason = facts.text("reason");
    Lines lines{facts.client() + "login failed: " + (reason.empty() ? "" : reason + ", ") +
                "method=" + facts.text("method")};
    constexpr Text unasked = "auth_query cannot connect: ";
    if (reason.starts_with(unasked)) {
        lines.push_back("server login failed: FATAL " + reason.substr(unasked.size()));
    }
    return lines;
}

Lines query_timeout(const Facts& facts) {
    return {facts.client() + "query timeout: the query is cancelled"};
}

Lines server_connected(const Facts& facts) {
    return {facts.server() + "new connection to server (from " + facts.text("local") + ')'};
}

Lines server_closed(const Facts& facts) {
    return {closing(facts.server(), translated(server_ends, facts.text("reason")),
                    facts.text("age_s"))};
}

struct Refusal {
    std::string code;
    std::string message;
};

/// libpq's verbose text holds what the server said: `FATAL:  3D000: database "x" does not exist`.
std::optional<Refusal> said_by_server(const std::string& error) {
    constexpr Text severity = "FATAL:  ";
    const std::size_t at = error.find(severity);
    if (at == std::string::npos) return std::nullopt;
    std::string said = error.substr(at + severity.size());
    said = said.substr(0, said.find(" LOCATION:  "));
    constexpr std::size_t code = 5;  // "3D000: "
    if (said.size() < code + 2 || said[code] != ':') return Refusal{{}, said};
    return Refusal{said.substr(0, code), said.substr(code + 2)};
}

Lines connect_failed(const Facts& facts) {
    const std::string error = facts.text("error");
    if (const auto said = said_by_server(error)) {
        // Of these PgBouncer tells the waiting clients, and closes for the same reason.
        const bool is_told = said->code == "28P01" || said->code == "3D000";
        return {facts.server() + "server login failed: FATAL " + said->message,
                closing(facts.server(), is_told ? said->message : "login failed", "0")};
    }
    std::string why = "connect failed";
    if (error == "timeout expired") why = "connect timeout";
    if (error.starts_with("could not translate host name")) why = "server DNS lookup failed";
    return {facts.server() + "server connect failed: " + error, closing(facts.server(), why, "0")};
}

Lines auto_database(const Facts& facts) {
    return {"registered new auto-database: db=" + facts.text("database")};
}

Lines cancel_timeout(const Facts& facts) {
    return {closing(facts.server(), "cancel_wait_timeout", "0")};
}

Lines signal_ignored(const Facts& facts) {
    return {"got " + facts.text("signal") + " while shutting down, ignoring"};
}

Lines from_reserve(const Facts& facts) {
    return {facts.server() + "taking connection from reserve_pool"};
}

struct Words {
    Text event;
    Lines (*say)(const Facts& facts);
};

constexpr std::array spoken{
    Words{"client_login", login},
    Words{"client_closed", client_closed},
    Words{"authentication_failed", authentication_failed},
    Words{"query_timeout", query_timeout},
    Words{"server_connected", server_connected},
    Words{"server_closed", server_closed},
    Words{"server_connect_failed", connect_failed},
    Words{"auto_database", auto_database},
    Words{"reserve_pool_used", from_reserve},
    Words{"cancel_wait_timeout", cancel_timeout},
    Words{"signal_ignored", signal_ignored},
};

}  // namespace

std::vector<std::string> in_pgbouncer_words(std::string_view event, std::span<const Field> fields) {
    const auto found = std::ranges::find(spoken, event, &Words::event);
    if (found != spoken.end()) return found->say(Facts(fields));
    return {in_logfmt(event, fields)};
}

}  // namespace pgweir::daemon::log
