#include "protocol/wire/startup.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "protocol/wire/startup_options.hpp"

namespace pgweir::protocol {

namespace {

constexpr std::string_view protocol_option_prefix = "_pq_.";
constexpr std::size_t max_name_length = 63;  // PostgreSQL's NAMEDATALEN, less the end

ErrorReport malformed(std::string message) {
    return ErrorReport::fatal(sqlstate::protocol_violation, std::move(message));
}

// As PostgreSQL's parse_bool(): any part of a word that begins only that word, in either case.
std::optional<bool> parse_bool(std::string_view value) {
    struct Word {
        std::string_view text;
        std::size_t shortest;
        bool meaning;
    };
    static constexpr std::array<Word, 8> words{{{"true", 1, true},
                                                {"false", 1, false},
                                                {"yes", 1, true},
                                                {"no", 1, false},
                                                {"on", 2, true},
                                                {"off", 2, false},
                                                {"1", 1, true},
                                                {"0", 1, false}}};
    std::string lower(value);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto found = std::ranges::find_if(words, [&](const Word& word) {
        return lower.size() >= word.shortest && word.text.starts_with(lower);
    });
    return found == words.end() ? std::nullopt : std::optional(found->meaning);
}

// Several of them: the last boolean counts, and `database` holds once it was said.
class ReplicationChoice {
  public:
    [[nodiscard]] std::optional<ErrorReport> take(std::string_view value) {
        if (value == "database") {
            is_sender_ = has_database_ = true;
            return std::nullopt;
        }
        if (const auto wanted = parse_bool(value)) {
            is_sender_ = *wanted;
            return std::nullopt;
        }
        ErrorReport report = ErrorReport::fatal(
            sqlstate::invalid_parameter_value,
            R"(invalid value for parameter "replication": ")" + std::string(value) + '"');
        report.hint = R"(Valid values are: "false", 0, "true", 1, "database".)";
        return report;
    }
    [[nodiscard]] Replication kind() const {
        if (!is_sender_) return Replication::none;
        return has_database_ ? Replication::logical : Replication::physical;
    }

  private:
    bool is_sender_ = false;
    bool has_database_ = false;
};

// PgBouncer keeps these for each client, also where they are named as ignored.
bool is_everybodys(std::string_view name) {
    constexpr std::array<std::string_view, 6> names{"application_name",
                                                    "client_encoding",
                                                    "datestyle",
                                                    "intervalstyle",
                                                    "standard_conforming_strings",
                                                    "timezone"};
    std::string lower(name);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return std::ranges::find(names, lower) != names.end();
}

FirstPacket parse_startup_message(std::uint32_t version, Bytes rest, const IsIgnored& is_ignored) {
    StartupMessage startup{.version = version};
    std::vector<Parameter> plain;
    std::string options;
    ReplicationChoice replication;
    const auto cstring = [&rest](std::string& out) {
        const std::size_t end = rest.find('\0');
        if (end == Bytes::npos) return false;
        out = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        return true;
    };
    while (!rest.empty() && rest.front() != '\0') {
        std::string name;
        std::string value;
        if (!cstring(name) || !cstring(value)) {
            return malformed("invalid startup packet layout: expected terminator as last byte");
        }
        if (name == "user") {
            startup.user = std::move(value);
        } else if (name == "database") {
            startup.database = std::move(value);
        } else if (name == "options") {
            options = std::move(value);
        } else if (name == "replication") {
            if (auto problem = replication.take(value)) return *std::move(problem);
        } else if (name.starts_with(protocol_option_prefix)) {
            startup.protocol_options.push_back(std::move(name));
        } else {
            plain.emplace_back(std::move(name), std::move(value));
        }
    }
    if (rest.size() != 1) {
        return malformed("invalid startup packet layout: expected terminator as last byte");
    }
    if (startup.user.empty()) {
        return ErrorReport::fatal(sqlstate::invalid_authorization,
                                  "no PostgreSQL user name specified in startup packet");
    }
    startup.replication = replication.kind();
    if (startup.database.empty()) startup.database = startup.user;
    // PostgreSQL truncates both to what a name can hold.
    startup.user.resize(std::min(startup.user.size(), max_name_length));
    startup.database.resize(std::min(startup.database.size(), max_name_length));
    if (is_ignored && is_ignored("options")) options.clear();
    if (auto problem = parse_options(options, startup.settings)) return *std::move(problem);
    std::ranges::move(plain, std::back_inserter(startup.settings));
    if (is_ignored) {
        std::erase_if(startup.settings, [&](const Parameter& setting) {
            return is_ignored(setting.first) && !is_everybodys(setting.first);
        });
    }
    return startup;
}

}  // namespace

// A client of protocol 1 or 2 gets its error in the form that it knows, as from PostgreSQL.
FirstPacket refuse_version(std::uint32_t version) {
    std::string message = "unsupported frontend protocol " + std::to_string(version >> 16U) + "." +
                          std::to_string(version & 0xffffU) + ": server supports 3.0 to 3.2";
    if (version != 0 && version >> 16U < 3) {
        std::string answer = "EFATAL:  " + message + '\n';
        answer += '\0';
        return Unanswerable{.problem = std::move(message), .answer = std::move(answer)};
    }
    return ErrorReport::fatal(sqlstate::feature_not_supported, std::move(message));
}

FirstPacket parse_first_packet(Bytes body, const IsIgnored& is_ignored) {
    if (body.size() < 4) return Unanswerable{.problem = "invalid length of startup packet"};
    const std::uint32_t code = read_uint32(body);
    body.remove_prefix(4);
    if (code == ssl_request_code) return SslRequest{};
    if (code == gssenc_request_code) return GssEncRequest{};
    if (code == cancel_request_code) {
        if (body.size() < 4) {
            return Unanswerable{.problem = "invalid length of cancel request packet"};
        }
        const Bytes secret = body.substr(4);
        if (secret.empty() || secret.size() > longest_cancel_secret) {
            return Unanswerable{.problem = "invalid length of cancel key in cancel request packet"};
        }
        return CancelKey{.pid = read_uint32(body), .secret = std::string(secret)};
    }
    if (code >> 16U != 3) return refuse_version(code);
    return parse_startup_message(code, body, is_ignored);
}

}  // namespace pgweir::protocol
