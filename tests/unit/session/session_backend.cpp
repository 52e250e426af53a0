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

}  // namespace pgweir::pool
