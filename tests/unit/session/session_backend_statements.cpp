// The statements that SessionBackend runs.
#include <algorithm>
#include <cctype>
#include <utility>

#include "tests/unit/session/session_backend.hpp"

namespace pgweir::pool {

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

bool is_custom(const std::string& name) {
    return name.find('.') != std::string::npos;
}

// The literal that begins at `at` ('x', no escapes in it), which then stands behind it; nothing:
// NULL.
std::optional<std::string> take_literal(std::string_view sql, std::size_t& at) {
    if (sql.substr(at).starts_with("NULL")) {
        at += 4;
        return std::nullopt;
    }
    const std::size_t begin = sql.find('\'', at) + 1;
    const std::size_t end = sql.find('\'', begin);
    at = end + 1;
    return std::string(sql.substr(begin, end - begin));
}

// A setting's name as SET has it: a.b or "a"."b".
std::string name_in(std::string_view sql) {
    std::string name = lower(sql.substr(0, sql.find_first_of(" =")));
    std::erase(name, '"');
    return name;
}

}  // namespace

void SessionBackend::run(const std::string& sql, bool simple) {
    if (sql.find("fail") != std::string::npos) throw Failure{"22012"};
    if (run_transaction_command(sql) || run_setting_command(sql) || run_session_command(sql) ||
        run_named_command(sql, simple) || run_select(sql, simple))
        return;
    throw Failure{"42601"};
}

void SessionBackend::set(const std::string& name, const std::optional<std::string>& value,
                         bool local) {
    const auto change = [&](Settings& settings) {
        if (value && !(name == "role" && *value == "none")) {
            settings[name] = *value;
        } else {
            settings.erase(name);
        }
    };
    change(state_.now);
    if (!local) change(state_.at_commit);
}

void SessionBackend::reset_all() {
    const auto is_kept = [](const auto& setting) { return setting.first != "role"; };
    std::erase_if(state_.now, is_kept);
    std::erase_if(state_.at_commit, is_kept);
}

bool SessionBackend::run_setting_command(const std::string& sql) {
    if (sql == "SET ROLE bob") {
        set("role", "bob", false);
        tag("SET");
    } else if (sql == "RESET ROLE" || sql == "RESET SESSION AUTHORIZATION") {
        if (sql == "RESET ROLE") set("role", std::nullopt, false);
        tag("RESET");
    } else if (sql == "RESET ALL") {
        reset_all();
        tag("RESET");
    } else if (sql.starts_with("RESET ")) {
        set(name_in(std::string_view(sql).substr(6)), std::nullopt, false);
        tag("RESET");
    } else if (sql.starts_with("SET ")) {
        const bool local = sql.starts_with("SET LOCAL ");
        const std::string_view rest = std::string_view(sql).substr(local ? 10 : 4);
        if (rest.starts_with("transaction_deferrable")) {
            tag("SET");
            return true;
        }
        const std::size_t to = rest.find(" TO ");
        std::size_t at = to != std::string_view::npos ? to + 4 : rest.find('=') + 1;
        std::optional<std::string> value;
        if (rest.substr(at).starts_with('\'')) {
            value = take_literal(rest, at);
        } else if (rest.substr(at) != "DEFAULT") {
            value = std::string(rest.substr(at));
        }
        set(name_in(rest), value, local);
        tag("SET");
    } else {
        return false;
    }
    return true;
}

void SessionBackend::discard_all() {
    if (block_ != Block::implicit || has_run_) throw Failure{"25001"};
    reset_all();
    set("role", std::nullopt, false);
    state_.channels.clear();
    named_.clear();
    prepared_.clear();
    sequence_value_.reset();
    portals_.clear();
    tag("DISCARD ALL");
    commit();
}

bool SessionBackend::run_session_command(const std::string& sql) {
    if (sql == "DISCARD ALL") {
        discard_all();
    } else if (sql == "DISCARD SEQUENCES") {
        sequence_value_.reset();
        tag(sql);
    } else if (sql == "DISCARD PLANS") {
        tag(sql);
    } else if (sql == "UNLISTEN *") {
        state_.channels.clear();
        tag("UNLISTEN");
    } else if (sql.starts_with("LISTEN ")) {
        state_.channels.insert(sql.substr(7));
        tag("LISTEN");
    } else if (sql.starts_with("UNLISTEN ")) {
        state_.channels.erase(sql.substr(9));
        tag("UNLISTEN");
    } else {
        return false;
    }
    return true;
}

// Whatever PREPARE does stays, also where its transaction is rolled back.
bool SessionBackend::run_named_command(const std::string& sql, bool simple) {
    if (sql.starts_with("PREPARE ")) {
        const std::string name = sql.substr(8, sql.find(' ', 8) - 8);
        if (!named_.emplace(name, sql.substr(sql.find(" AS ") + 4)).second) throw Failure{"42P05"};
        prepared_.insert(name);
        tag("PREPARE");
    } else if (sql.starts_with("EXECUTE ")) {
        const auto found = named_.find(sql.substr(8));
        if (found == named_.end()) throw Failure{"26000"};
        // What cannot be run so is no statement of a program's.
        if (!run_select(found->second, simple)) throw Failure{"0A000"};
    } else if (sql == "DEALLOCATE ALL") {
        named_.clear();
        prepared_.clear();
        tag("DEALLOCATE ALL");
    } else if (sql.starts_with("DEALLOCATE ")) {
        const std::string name = sql.substr(11);
        if (named_.erase(name) == 0) throw Failure{"26000"};
        prepared_.erase(name);
        tag("DEALLOCATE");
    } else {
        return false;
    }
    return true;
}

bool SessionBackend::run_select(const std::string& sql, bool simple) {
    if (sql.starts_with("SHOW ")) {
        row(value_of(name_in(std::string_view(sql).substr(5))), simple);
        tag("SHOW");
        return true;
    }
    if (!sql.starts_with("SELECT ")) return false;
    const std::string_view what = std::string_view(sql).substr(7);
    if (what == "1") {
        row("1", simple);
    } else if (what == "nextval('s')") {
        sequence_value_ = ++database_.last_value;
        is_value_of_block_ = true;
        row("#" + std::to_string(*sequence_value_), simple);
    } else if (what == "currval('s')" || what == "lastval()") {
        if (!sequence_value_) throw Failure{"55000"};
        row("#" + std::to_string(*sequence_value_), simple);
    } else if (what.starts_with("current_setting(")) {
        std::size_t at = 0;
        row(value_of(*take_literal(what, at)), simple);
    } else if (what.starts_with("set_config(")) {
        call_set_config(what);
        row("set", simple);
    } else if (what.starts_with("fail")) {
        throw Failure{"22012"};
    } else {
        run_own_question(sql);
    }
    tag("SELECT 1");
    return true;
}

// --- what pgweir asks ----------------------------------------------------------------------------

void SessionBackend::run_own_question(const std::string& sql) {
    const bool is_about_state = sql.find("pg_catalog.pg_listening_channels()") != std::string::npos;
    if (is_about_state && std::exchange(cancels_question_, false)) throw Failure{"57014"};
    if (is_about_state) {
        tell_state(sql);
    } else if (sql.find(") v(n,x,d) WHERE CASE") != std::string::npos) {
        restore_startup(sql);
    } else if (sql.starts_with("SELECT pg_catalog.set_config(")) {
        call_set_config(sql);
        row_of({std::nullopt});
    }
    // The catalogue has nothing of interest.
}

void SessionBackend::call_set_config(std::string_view calls) {
    constexpr std::string_view call = "set_config(";
    for (std::size_t at = calls.find(call); at != std::string_view::npos;
         at = calls.find(call, at)) {
        at += call.size();
        const std::string name = *take_literal(calls, at);
        ++at;  // the comma
        const auto value = take_literal(calls, at);
        set(lower(name), value, calls.substr(at).starts_with(",true"));
    }
}

// StartupSettings::restore_sql().
void SessionBackend::restore_startup(const std::string& sql) {
    const std::string_view values = std::string_view(sql).substr(0, sql.find(") v(n,x,d)"));
    for (std::size_t at = values.find('('); at != std::string_view::npos;
         at = values.find('(', at)) {
        if (values.substr(at).starts_with("(VALUES ")) {
            ++at;
            continue;
        }
        const std::string name = *take_literal(values, at);
        const std::string value = *take_literal(values, ++at);
        const std::string login = *take_literal(values, ++at);
        const bool is_set = state_.now.contains(name);
        const bool by_value = name == "role" || is_custom(name);
        if (is_set || (by_value && value_of(name) != login)) continue;
        set(name, value, false);
    }
}

// state_question().
void SessionBackend::tell_state(const std::string& sql) {
    const auto is_asked = [&sql](const std::string& name) {
        if (name == "statement_timeout") return false;  // set by the question itself
        return !is_custom(name) || sql.find('\'' + name + '\'') != std::string::npos;
    };
    for (const auto& [name, value] : state_.now) {
        if (is_asked(name) && (!is_custom(name) || !value.empty())) row_of({"s", name, value});
    }
    for (const std::string& channel : channels_) row_of({"n", std::nullopt, channel});
    for (const auto& [name, text] : named_) {
        if (!prepared_.contains(name) && !name.starts_with("pgweir_"))
            row_of({"p", std::nullopt, name});
    }
    if (!prepared_.empty()) row_of({"q", std::nullopt, std::nullopt});
}

}  // namespace pgweir::pool
