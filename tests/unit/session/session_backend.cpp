#include "tests/unit/session/session_backend.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/rows.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Backend;
using protocol::Frontend;

namespace {

constexpr std::string_view failed_block = "25P02";

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

bool is_custom(const std::string& name) {
    return name.find('.') != std::string::npos;
}

std::string default_of(const std::string& name) {
    static const SessionBackend::Settings defaults{{"timezone", "UTC"},
                                                   {"work_mem", "4MB"},
                                                   {"role", "none"},
                                                   {"session_authorization", "ann"}};
    const auto found = defaults.find(name);
    return found != defaults.end() ? found->second : "";
}

// Statements of a Query: at semicolons outside of quotes.
std::vector<std::string> split(std::string_view sql) {
    std::vector<std::string> statements(1);
    bool quoted = false;
    for (const char c : sql) {
        if (c == '\'') quoted = !quoted;
        if (c == ';' && !quoted) {
            statements.emplace_back();
        } else {
            if (statements.back().empty() && (c == ' ' || c == '\n')) continue;
            statements.back() += c;
        }
    }
    std::erase(statements, "");
    return statements;
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
    std::string name = lower(sql.substr(0, sql.find(' ')));
    std::erase(name, '"');
    return name;
}

bool ends_transaction(std::string_view sql) {
    return sql == "COMMIT" || sql.starts_with("ROLLBACK");
}

bool gives_rows(std::string_view sql) {
    return sql.starts_with("SELECT") || sql.starts_with("SHOW") || sql.starts_with("EXECUTE");
}

}  // namespace

SessionBackend::SessionBackend(ModelDatabase& database, Settings startup)
    : database_(database), startup_(std::move(startup)) {
    for (const auto& [name, value] : reported()) told_[lower(name)] = value;
}

std::vector<std::pair<std::string, std::string>> SessionBackend::reported() const {
    return {{"application_name", value_of("application_name")},
            {"client_encoding", "UTF8"},
            {"is_superuser", "off"},
            {"server_encoding", "UTF8"},
            {"server_version", "15.0"},
            {"session_authorization", "ann"},
            {"standard_conforming_strings", "on"},
            {"TimeZone", value_of("timezone")}};
}

SessionBackend::Settings SessionBackend::changed() const {
    return state_.now;
}

std::string SessionBackend::value_of(const std::string& name) const {
    if (const auto found = state_.now.find(name); found != state_.now.end()) return found->second;
    if (const auto found = startup_.find(name); found != startup_.end()) return found->second;
    return default_of(name);
}

// --- messages ------------------------------------------------------------------------------------

std::string SessionBackend::take(Bytes bytes) {
    out_.clear();
    while (!bytes.empty()) {
        const std::size_t size = 1 + protocol::read_uint32(bytes.substr(1));
        take(static_cast<Frontend>(bytes.front()),
             bytes.substr(protocol::header_size, size - protocol::header_size));
        bytes.remove_prefix(size);
    }
    return std::exchange(out_, {});
}

void SessionBackend::take(Frontend type, Bytes body) {
    if (discards_ && type != Frontend::sync) return;
    try {
        switch (type) {
            case Frontend::query:
                query(body.substr(0, body.find('\0')));
                break;
            case Frontend::parse: {
                const auto message = *protocol::parse_parse(body);
                parse(message.statement, std::string(message.query));
                break;
            }
            case Frontend::bind:
                bind(*protocol::parse_bind_head(body));
                break;
            case Frontend::describe: {
                const auto target = *protocol::parse_target(body);
                describe(target.kind, target.name);
                break;
            }
            case Frontend::execute:
                execute(body.substr(0, body.find('\0')));
                break;
            case Frontend::close: {
                const auto target = *protocol::parse_target(body);
                close(target.kind, target.name);
                break;
            }
            case Frontend::sync:
                sync();
                break;
            default:
                break;
        }
    } catch (const Failure& failure) {
        fail_extended(failure);
    }
}

void SessionBackend::query(std::string_view sql) {
    unnamed_.reset();
    portals_.clear();
    try {
        for (const std::string& statement : split(sql)) {
            begin_statement(statement);
            run(statement, true);
            has_run_ = true;
        }
        if (block_ == Block::implicit) commit();
    } catch (const Failure& failure) {
        protocol::append_error_response(out_, protocol::ErrorReport::error(failure.code, "no"));
        abort();
    }
    ready();
}

void SessionBackend::begin_statement(std::string_view sql) {
    if (block_ == Block::failed && !ends_transaction(sql)) throw Failure{std::string(failed_block)};
    if (sql.find("bad") != std::string_view::npos) throw Failure{"42601"};
    if (block_ == Block::none) {
        block_ = Block::implicit;
        has_run_ = false;
        before_ = state_;
    }
}

// PostgreSQL gives up the unnamed statement before it looks at the new one (exec_parse_message).
void SessionBackend::parse(Bytes name, const std::string& sql) {
    if (name.empty()) unnamed_.reset();
    begin_statement(sql);
    if (name.empty()) {
        unnamed_ = sql;
    } else if (!named_.emplace(name, sql).second) {
        throw Failure{"42P05"};
    }
    protocol::append_bare(out_, Backend::parse_complete);
}

const std::string* SessionBackend::find_statement(Bytes name) const {
    if (name.empty()) return unnamed_ ? &*unnamed_ : nullptr;
    const auto found = named_.find(std::string(name));
    return found != named_.end() ? &found->second : nullptr;
}

void SessionBackend::bind(const protocol::BindHead& head) {
    const std::string* const sql = find_statement(head.statement);
    if (sql == nullptr) throw Failure{"26000"};
    begin_statement(*sql);
    portals_.insert_or_assign(std::string(head.portal), *sql);
    protocol::append_bare(out_, Backend::bind_complete);
}

void SessionBackend::describe(char kind, Bytes name) {
    const std::string* sql = nullptr;
    if (kind == 'S') {
        sql = find_statement(name);
        if (sql == nullptr) throw Failure{"26000"};
    } else {
        const auto found = portals_.find(std::string(name));
        if (found == portals_.end()) throw Failure{"34000"};
        sql = &found->second;
    }
    if (block_ == Block::failed && gives_rows(*sql)) throw Failure{std::string(failed_block)};
    if (sql->starts_with("EXECUTE") && !named_.contains(sql->substr(8))) throw Failure{"26000"};
    if (kind == 'S') protocol::append_parameter_description(out_, {});
    static constexpr std::array<protocol::Column, 1> column{{{.name = "v"}}};
    if (gives_rows(*sql)) {
        protocol::append_row_description(out_, column, {});
    } else {
        protocol::append_bare(out_, Backend::no_data);
    }
}

void SessionBackend::execute(Bytes portal) {
    const auto found = portals_.find(std::string(portal));
    if (found == portals_.end()) throw Failure{"34000"};
    const std::string sql = found->second;
    if (block_ == Block::failed && !ends_transaction(sql)) throw Failure{std::string(failed_block)};
    run(sql, false);
    has_run_ = block_ != Block::none;
}

void SessionBackend::close(char kind, Bytes name) {
    if (kind == 'P') {
        portals_.erase(std::string(name));
    } else if (name.empty()) {
        unnamed_.reset();
    } else {
        named_.erase(std::string(name));
        prepared_.erase(std::string(name));
    }
    protocol::append_bare(out_, Backend::close_complete);
}

void SessionBackend::sync() {
    discards_ = false;
    if (block_ == Block::implicit) commit();
    ready();
}

void SessionBackend::fail_extended(const Failure& failure) {
    protocol::append_error_response(out_, protocol::ErrorReport::error(failure.code, "no"));
    abort();
    discards_ = true;
}

void SessionBackend::ready() {
    for (const auto& [name, value] : reported()) {
        std::string& told = told_[lower(name)];
        if (told == value) continue;
        protocol::append_parameter_status(out_, name, value);
        told = value;
    }
    const bool is_open = block_ == Block::open;
    const bool is_failed = block_ == Block::failed;
    protocol::append_ready_for_query(out_, is_failed ? protocol::TransactionStatus::failed
                                           : is_open ? protocol::TransactionStatus::in_transaction
                                                     : protocol::TransactionStatus::idle);
}

void SessionBackend::row(const std::string& value, bool simple) {
    static constexpr std::array<protocol::Column, 1> column{{{.name = "v"}}};
    if (simple) protocol::append_row_description(out_, column, {});
    protocol::append_data_row(out_, column, {protocol::Cell(value)}, {});
}

void SessionBackend::row_of(const std::vector<std::optional<std::string>>& values) {
    const std::vector<protocol::Column> columns(values.size(), protocol::Column{.name = "v"});
    protocol::Row cells;
    for (const auto& value : values)
        cells.push_back(value ? protocol::Cell(*value) : protocol::Cell());
    protocol::append_data_row(out_, columns, cells, {});
}

void SessionBackend::tag(std::string_view text) {
    protocol::append_command_complete(out_, text);
}

// --- transactions --------------------------------------------------------------------------------

void SessionBackend::commit() {
    state_.now = state_.at_commit;
    channels_ = state_.channels;
    end_block();
}

void SessionBackend::roll_back() {
    state_ = before_;
    end_block();
}

void SessionBackend::end_block() {
    block_ = Block::none;
    has_run_ = false;
    is_value_of_block_ = false;
    savepoints_.clear();
    portals_.clear();
}

void SessionBackend::abort() {
    portals_.clear();
    if (block_ == Block::implicit) roll_back();
    if (block_ != Block::open) return;
    state_ = savepoints_.empty() ? before_ : savepoints_.back().before;
    block_ = Block::failed;
}

bool SessionBackend::run_transaction_command(const std::string& sql) {
    if (sql.starts_with("BEGIN")) {
        block_ = Block::open;
        tag("BEGIN");
    } else if (sql == "COMMIT") {
        const bool failed = block_ == Block::failed;
        if (failed) {
            roll_back();
        } else {
            commit();
        }
        tag(failed ? "ROLLBACK" : "COMMIT");
    } else if (sql == "ROLLBACK") {
        roll_back();
        tag("ROLLBACK");
    } else if (sql == "SAVEPOINT a") {
        if (block_ != Block::open) throw Failure{"25P01"};
        savepoints_.push_back({.name = "a", .before = state_});
        tag("SAVEPOINT");
    } else if (sql == "ROLLBACK TO a") {
        if (block_ == Block::implicit) throw Failure{"25P01"};
        if (savepoints_.empty()) throw Failure{"3B001"};
        state_ = savepoints_.back().before;
        block_ = Block::open;
        tag("ROLLBACK");
    } else {
        return false;
    }
    return true;
}

// --- commands ------------------------------------------------------------------------------------

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
        std::size_t at = rest.find_first_of("=' D");
        at = rest.find_first_of("'D", at);
        std::optional<std::string> value;
        if (rest[at] == '\'') value = take_literal(rest, at);
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
