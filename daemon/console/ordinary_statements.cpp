#include "daemon/console/ordinary_statements.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "conf/file/wording.hpp"

namespace pgweir::daemon::console {

namespace {

struct Setting {
    std::string_view name;  ///< as a ParameterStatus has it
    std::string_view value;
    bool reported = false;
};

// The version is that of the protocol's present features: clients ask it what they may use.
constexpr std::array known_settings{
    Setting{"server_version", "15.0 (pgweir " PGWEIR_VERSION ")", true},
    Setting{"server_version_num", "150000"},
    Setting{"server_encoding", "UTF8", true},
    Setting{"client_encoding", "UTF8", true},
    Setting{"application_name", "", true},
    Setting{"is_superuser", "off", true},
    Setting{"DateStyle", "ISO, MDY", true},
    Setting{"IntervalStyle", "postgres", true},
    Setting{"TimeZone", "UTC", true},
    Setting{"integer_datetimes", "on", true},
    Setting{"standard_conforming_strings", "on", true},
    Setting{"default_transaction_read_only", "off", true},
    Setting{"in_hot_standby", "off", true},
    Setting{"default_transaction_isolation", "read committed"},
    Setting{"transaction_isolation", "read committed"},
    Setting{"transaction_read_only", "off"},
    Setting{"extra_float_digits", "1"},
    Setting{"search_path", ""},
    Setting{"statement_timeout", "0"},
    Setting{"lock_timeout", "0"},
    Setting{"idle_in_transaction_session_timeout", "0"},
    Setting{"bytea_output", "hex"},
    Setting{"client_min_messages", "notice"},
    Setting{"max_identifier_length", "63"},
};

const Setting* find_known(std::string_view name) {
    const std::string wanted = in_lower_case(name);
    const auto found = std::ranges::find_if(
        known_settings, [&](const Setting& known) { return in_lower_case(known.name) == wanted; });
    return found == known_settings.end() ? nullptr : &*found;
}

// Statements that are answered with a tag and do nothing: there is no session state to reset.
struct Harmless {
    std::string_view word;
    std::string_view tag;
    OrdinaryStatement::Kind kind = OrdinaryStatement::Kind::nothing;
};
using Kind = OrdinaryStatement::Kind;
constexpr std::array harmless{
    Harmless{"BEGIN", "BEGIN", Kind::begin},
    Harmless{"START", "START TRANSACTION", Kind::begin},
    Harmless{"COMMIT", "COMMIT", Kind::end},
    Harmless{"END", "COMMIT", Kind::end},
    Harmless{"ROLLBACK", "ROLLBACK", Kind::end},
    Harmless{"ABORT", "ROLLBACK", Kind::end},
    Harmless{"RESET", "RESET", Kind::reset},
    Harmless{"DISCARD", "DISCARD ALL", Kind::reset},
    Harmless{"DEALLOCATE", "DEALLOCATE ALL"},
    Harmless{"UNLISTEN", "UNLISTEN"},
    Harmless{"CLOSE", "CLOSE CURSOR ALL"},
};

std::string last_part(const std::string& name) {
    return name.substr(name.rfind('.') + 1);
}

int depth_change(const Token& token) {
    if (token.is_sign('(')) return 1;
    return token.is_sign(')') ? -1 : 0;
}

// The place of a token outside of parentheses, or the size.
template <class Predicate>
std::size_t find_outside(std::span<const Token> tokens, Predicate wanted) {
    int depth = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (depth == 0 && wanted(tokens[i])) return i;
        depth += depth_change(tokens[i]);
    }
    return tokens.size();
}

bool is_catalogue(const std::string& relation) {
    const std::string name = in_lower_case(relation);
    return name.starts_with("pg_") || name.starts_with("information_schema.");
}

}  // namespace

SessionSettings::SessionSettings(const std::vector<protocol::Parameter>& startup) {
    for (const Setting& known : known_settings) {
        values_.emplace(in_lower_case(known.name), known.value);
    }
    for (const auto& [name, value] : startup) set(name, value);
    // NOLINTNEXTLINE(cppcoreguidelines-prefer-member-initializer): only now are they complete
    at_login_ = values_;
}

std::vector<protocol::Parameter> SessionSettings::reported() const {
    std::vector<protocol::Parameter> reported;
    for (const Setting& known : known_settings) {
        if (known.reported) reported.emplace_back(known.name, *find(known.name));
    }
    return reported;
}

const std::string* SessionSettings::find(std::string_view name) const {
    const auto found = values_.find(in_lower_case(name));
    return found == values_.end() ? nullptr : &found->second;
}

void SessionSettings::set(std::string_view name, std::string value) {
    const auto found = values_.find(in_lower_case(name));
    if (found != values_.end()) found->second = std::move(value);
}

// --- what it is ----------------------------------------------------------------------------------

std::optional<OrdinaryStatement> OrdinaryStatement::parse(const Tokens& tokens,
                                                          const SessionSettings& settings) {
    OrdinaryStatement statement;
    const Token& first = tokens.front();
    const auto rest = std::span(tokens).subspan(1);
    const auto found =
        std::ranges::find_if(harmless, [&](const Harmless& one) { return first.is(one.word); });
    if (found != harmless.end()) {
        statement.kind_ = found->kind;
        statement.tag_ = found->tag;
        return statement;
    }
    if (first.is("SELECT")) {
        statement.take_select(rest);
        return statement;
    }
    if (first.is("SHOW") && !rest.empty()) {
        const bool isolation = rest.size() == 3 && rest[0].is("TRANSACTION");
        const std::string name = isolation ? "transaction_isolation" : rest[0].text;
        if ((rest.size() != 1 && !isolation) || settings.find(name) == nullptr) return std::nullopt;
        statement.take_show(name);
        return statement;
    }
    if (first.is("SET")) {
        statement.take_set(rest);
        if (statement.tag_.empty()) return std::nullopt;
        return statement;
    }
    return std::nullopt;
}

// `SET [SESSION | LOCAL] name = value`, `SET TIME ZONE value`, and those that are about
// transactions.
void OrdinaryStatement::take_set(std::span<const Token> rest) {
    if (!rest.empty() && (rest[0].is("SESSION") || rest[0].is("LOCAL"))) rest = rest.subspan(1);
    if (rest.empty()) return;
    if (rest[0].is("TRANSACTION") || rest[0].is("CHARACTERISTICS")) {
        tag_ = "SET";
        return;
    }
    const bool time_zone = rest.size() > 1 && rest[0].is("TIME") && rest[1].is("ZONE");
    const std::string name = time_zone ? "TimeZone" : rest[0].text;
    rest = rest.subspan(time_zone ? 1 : 0);
    const Setting* const known = find_known(name);
    if (known == nullptr || rest.size() < 2) return;
    const bool has_sign = rest[1].is_sign('=') || rest[1].is("TO");
    kind_ = Kind::set;
    tag_ = "SET";
    name_ = name;
    for (const Token& token : rest.subspan(has_sign ? 2 : 1)) {
        const bool comma = token.is_sign(',');
        value_ += (comma || value_.empty() || value_.back() == ' ') ? token.text : ' ' + token.text;
        if (comma) value_ += ' ';
    }
}

void OrdinaryStatement::take_show(const std::string& name) {
    kind_ = Kind::show;
    tag_ = "SHOW";
    name_ = name;
    const Setting* const known = find_known(name);
    add_column(std::string(known == nullptr ? std::string_view(name) : known->name));
}

void OrdinaryStatement::add_column(std::string name) {
    names_.push_back(std::make_shared<const std::string>(std::move(name)));
    columns_.push_back({.name = *names_.back()});
}

// A list of constants and functions of the session; or a query on PostgreSQL's catalogue, where
// tools look for what there is: nothing but databases.
void OrdinaryStatement::take_select(std::span<const Token> rest) {
    kind_ = Kind::select;
    const std::size_t from = find_outside(rest, [](const Token& t) { return t.is("FROM"); });
    std::span<const Token> list = rest.first(from);
    if (!list.empty() && list[0].is("DISTINCT")) list = list.subspan(1);
    while (!list.empty()) {
        const std::size_t end = find_outside(list, [](const Token& t) { return t.is_sign(','); });
        std::span<const Token> item = list.first(end);
        list = list.subspan(std::min(end + 1, list.size()));
        const std::size_t as = find_outside(item, [](const Token& t) { return t.is("AS"); });
        const std::span<const Token> expression = item.first(as);
        std::string name = "?column?";
        if (as + 1 < item.size()) {
            name = item[as + 1].text;
        } else if (!expression.empty() && expression[0].kind == Token::Kind::word &&
                   !is_catalogue(expression[0].text) &&
                   (expression[0].text.front() < '0' || expression[0].text.front() > '9')) {
            name = in_lower_case(last_part(expression[0].text));
        }
        add_column(std::move(name));
        expressions_.emplace_back(expression.begin(), expression.end());
    }
    if (from == rest.size()) {
        has_rows_ = true;
        return;
    }
    const std::string relation = from + 1 < rest.size() ? rest[from + 1].text : "";
    if (!is_catalogue(relation) && !(from + 1 < rest.size() && rest[from + 1].is_sign('('))) {
        problem_ = ErrorReport::error("42P01",
                                      "relation " + conf::in_quotes(relation) + " does not exist");
        problem_->hint = "This is pgweir's console, where there is no SQL: see SHOW HELP.";
        return;
    }
    const bool chooses =
        find_outside(rest, [](const Token& t) { return t.is("WHERE"); }) < rest.size();
    lists_databases_ = last_part(in_lower_case(relation)) == "pg_database" && !chooses;
}

// --- what it answers -----------------------------------------------------------------------------

Answer OrdinaryStatement::run(const Asker& asker, SessionSettings& settings) const {
    Answer answer = Answer::done(tag_);
    answer.error = problem_;
    if (kind_ == Kind::set) settings.set(name_, value_);
    if (kind_ == Kind::reset) settings.reset();
    if (kind_ == Kind::show) answer.rows.push_back({*settings.find(name_)});
    if (kind_ != Kind::select || problem_) return answer;
    if (has_rows_) {
        Row& row = answer.rows.emplace_back();
        for (const Tokens& expression : expressions_) {
            row.push_back(value_of(expression, asker, settings));
        }
    }
    if (lists_databases_) {
        for (const std::string& database : asker.databases) {
            Row& row = answer.rows.emplace_back();
            for (const Tokens& expression : expressions_) {
                const bool is_name = expression.size() == 1 &&
                                     last_part(in_lower_case(expression[0].text)) == "datname";
                row.push_back(is_name ? Cell(database) : Cell());
            }
        }
    }
    answer.tag = "SELECT " + std::to_string(answer.rows.size());
    return answer;
}

// NULL for what the console does not know.
Cell OrdinaryStatement::value_of(const Tokens& expression, const Asker& asker,
                                 SessionSettings& settings) const {
    if (expression.empty()) return {};
    const Token& first = expression[0];
    if (first.kind == Token::Kind::string) return first.text;
    if (first.kind != Token::Kind::word) return {};
    const std::string word = in_lower_case(last_part(first.text));
    const bool digit = word.front() >= '0' && word.front() <= '9';
    if (digit || first.text.front() == '-') return first.text;
    if (word == "true" || word == "false") return std::string(1, word.front());
    if (word == "version") return "pgweir " PGWEIR_VERSION;
    if (word == "current_user" || word == "user" || word == "session_user") return asker.user;
    if (word == "current_database" || word == "current_catalog") return asker.database;
    if (word == "pg_backend_pid") return std::to_string(asker.pid);
    if (word == "pg_is_in_recovery") return "f";
    if (word == "pg_advisory_unlock_all") return "";
    const bool names_setting = expression.size() > 2 && expression[2].kind == Token::Kind::string;
    if (word == "current_setting" && names_setting) {
        const std::string* const value = settings.find(expression[2].text);
        return value == nullptr ? Cell() : Cell(*value);
    }
    if (word == "set_config" && names_setting && expression.size() > 4) {
        settings.set(expression[2].text, expression[4].text);
        return expression[4].text;
    }
    return {};
}

}  // namespace pgweir::daemon::console
