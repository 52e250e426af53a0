#include "daemon/console/conversation.hpp"

#include <algorithm>
#include <utility>

#include "conf/file/wording.hpp"
#include "conf/options/setting_name.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::daemon::console {

using protocol::Backend;
using protocol::Format;
using protocol::Frontend;
using protocol::TransactionStatus;
namespace sqlstate = protocol::sqlstate;

namespace {

constexpr std::string_view invalid_statement_name = "26000";
constexpr std::string_view invalid_cursor_name = "34000";
constexpr std::string_view duplicate_statement = "42P05";
constexpr std::string_view failed_transaction = "25P02";

ErrorReport invalid_message(Frontend type) {
    return ErrorReport::error(sqlstate::protocol_violation,
                              "invalid message of type " + std::string(1, static_cast<char>(type)));
}

ErrorReport no_such(std::string_view kind, Bytes name, std::string_view code) {
    return ErrorReport::error(code,
                              std::string(kind) + " " + conf::in_quotes(name) + " does not exist");
}

ErrorReport not_allowed(const Command& command) {
    ErrorReport report =
        ErrorReport::error(sqlstate::insufficient_privilege,
                           "only an admin may say " + std::string(command.entry->word));
    report.hint = "Admins are the users of the option console.admin_users.";
    return report;
}

// Whether `$1` stands anywhere in it.
bool has_parameter(const Tokens& statement) {
    return std::ranges::any_of(statement, [](const Token& token) {
        return token.kind == Token::Kind::word && token.text.starts_with('$');
    });
}

}  // namespace

std::span<const Column> Conversation::Prepared::columns() const {
    if (const auto* command = std::get_if<Command>(&what)) {
        return command->show == nullptr ? std::span<const Column>() : command->show->columns;
    }
    if (const auto* ordinary = std::get_if<OrdinaryStatement>(&what)) return ordinary->columns();
    return {};
}

bool Conversation::Prepared::ends_transaction() const {
    const auto* ordinary = std::get_if<OrdinaryStatement>(&what);
    return ordinary != nullptr && ordinary->kind() == OrdinaryStatement::Kind::end;
}

Task<> Conversation::take(Frontend type, Bytes body, std::string& out) {
    if (skipping_ && type != Frontend::sync) co_return;
    switch (type) {
        case Frontend::query:
            co_await take_query(body, out);
            break;
        case Frontend::parse:
            take_parse(body, out);
            break;
        case Frontend::bind:
            take_bind(body, out);
            break;
        case Frontend::describe:
            take_describe(body, out);
            break;
        case Frontend::execute:
            co_await take_execute(body, out);
            break;
        case Frontend::close:
            take_close(body, out);
            break;
        case Frontend::sync:
            skipping_ = false;
            if (status_ == TransactionStatus::idle) portals_.clear();
            report_changes(out);
            append_ready(out);
            break;
        case Frontend::function_call:
            fail(
                ErrorReport::error(sqlstate::feature_not_supported, "the console has no functions"),
                out);
            append_ready(out);
            break;
        default:  // Flush, and what is left of a COPY
            break;
    }
}

void Conversation::refuse_long(Frontend type, std::string& out) {
    if (skipping_) return;
    const auto report =
        ErrorReport::error(sqlstate::program_limit_exceeded, "no command is as long as this");
    if (type == Frontend::query) {
        fail(report, out);
        append_ready(out);
    } else {
        fail_extended(report, out);
    }
}

// --- simple --------------------------------------------------------------------------------------

Task<> Conversation::take_query(Bytes body, std::string& out) {
    statements_.erase("");
    portals_.erase("");
    const auto text = protocol::parse_query(body);
    const std::vector<Tokens> statements = text ? split_statements(*text) : std::vector<Tokens>();
    if (!text) fail(invalid_message(Frontend::query), out);
    if (text && statements.empty()) append_bare(out, Backend::empty_query_response);
    for (const Tokens& tokens : statements) {
        const Understood understood = understand(tokens);
        if (const auto* problem = std::get_if<ErrorReport>(&understood)) {
            fail(*problem, out);
            break;
        }
        const PreparedPtr statement = std::get<PreparedPtr>(understood);
        const Answer answer = co_await run(statement);
        append_notices(answer, out);
        if (answer.error) {
            fail(*answer.error, out);
            break;
        }
        const auto columns = statement->columns();
        if (!columns.empty()) protocol::append_row_description(out, columns, {});
        for (const Row& row : answer.rows) protocol::append_data_row(out, columns, row, {});
        protocol::append_command_complete(out, answer.tag);
    }
    report_changes(out);
    append_ready(out);
}

// --- extended ------------------------------------------------------------------------------------

void Conversation::take_parse(Bytes body, std::string& out) {
    const auto parse = protocol::parse_parse(body);
    auto types = parse ? protocol::parse_types(parse->types) : std::nullopt;
    if (!types) {
        fail_extended(invalid_message(Frontend::parse), out);
        return;
    }
    const std::string name(parse->statement);
    const std::vector<Tokens> statements = split_statements(parse->query);
    std::optional<ErrorReport> problem;
    if (!name.empty() && statements_.contains(name)) {
        problem = ErrorReport::error(
            duplicate_statement, "prepared statement " + conf::in_quotes(name) + " already exists");
    } else if (statements.size() > 1) {
        problem = ErrorReport::error(sqlstate::syntax_error,
                                     "cannot insert multiple commands into a prepared statement");
    } else if (statements_.size() >= most_statements) {
        problem = ErrorReport::error(sqlstate::program_limit_exceeded,
                                     "the console keeps no more prepared statements");
    } else if (!statements.empty() && has_parameter(statements.front())) {
        problem = ErrorReport::error(sqlstate::feature_not_supported,
                                     "commands of the console take no parameters");
        problem->hint = "Write the value into the command.";
    }
    Understood understood = std::make_shared<const Prepared>();
    if (!problem && !statements.empty()) understood = understand(statements.front());
    if (const auto* refused = std::get_if<ErrorReport>(&understood)) problem = *refused;
    if (problem) {
        fail_extended(*problem, out);
        return;
    }
    Prepared statement = *std::get<PreparedPtr>(understood);
    statement.parameters = *std::move(types);
    statements_.insert_or_assign(name, std::make_shared<const Prepared>(std::move(statement)));
    append_bare(out, Backend::parse_complete);
}

void Conversation::take_bind(Bytes body, std::string& out) {
    auto bind = protocol::parse_bind(body);
    if (!bind) {
        fail_extended(invalid_message(Frontend::bind), out);
        return;
    }
    const auto found = statements_.find(std::string(bind->statement));
    if (found == statements_.end()) {
        fail_extended(no_such("prepared statement", bind->statement, invalid_statement_name), out);
        return;
    }
    const std::size_t columns = found->second->columns().size();
    const bool formats_fit = bind->formats.size() < 2 || bind->formats.size() == columns;
    if (bind->values != found->second->parameters.size() || !formats_fit ||
        portals_.size() >= most_statements) {
        fail_extended(ErrorReport::error(sqlstate::protocol_violation,
                                         "bind message does not fit its prepared statement"),
                      out);
        return;
    }
    portals_.insert_or_assign(
        std::string(bind->portal),
        Portal{.statement = found->second, .formats = std::move(bind->formats), .answer = {}});
    append_bare(out, Backend::bind_complete);
}

void Conversation::take_describe(Bytes body, std::string& out) {
    const auto target = protocol::parse_target(body);
    if (!target) {
        fail_extended(invalid_message(Frontend::describe), out);
        return;
    }
    const std::string name(target->name);
    if (target->kind == 'S') {
        const auto found = statements_.find(name);
        if (found == statements_.end()) {
            fail_extended(no_such("prepared statement", name, invalid_statement_name), out);
            return;
        }
        protocol::append_parameter_description(out, found->second->parameters);
        describe(*found->second, {}, out);
        return;
    }
    const auto found = portals_.find(name);
    if (found == portals_.end()) {
        fail_extended(no_such("portal", name, invalid_cursor_name), out);
        return;
    }
    describe(*found->second.statement, found->second.formats, out);
}

Task<> Conversation::take_execute(Bytes body, std::string& out) {
    const auto execute = protocol::parse_execute(body);
    const auto found = execute ? portals_.find(std::string(execute->portal)) : portals_.end();
    if (found == portals_.end()) {
        fail_extended(execute ? no_such("portal", execute->portal, invalid_cursor_name)
                              : invalid_message(Frontend::execute),
                      out);
        co_return;
    }
    Portal& portal = found->second;
    if (std::holds_alternative<std::monostate>(portal.statement->what)) {
        append_bare(out, Backend::empty_query_response);
        co_return;
    }
    if (!portal.answer) {
        portal.answer = co_await run(portal.statement);
        append_notices(*portal.answer, out);
    }
    if (portal.answer->error) {
        fail_extended(*portal.answer->error, out);
        co_return;
    }
    const Rows& rows = portal.answer->rows;
    for (std::size_t sent = 0; portal.next_row < rows.size(); ++sent) {
        if (execute->max_rows != 0 && sent == execute->max_rows) {
            append_bare(out, Backend::portal_suspended);
            co_return;
        }
        protocol::append_data_row(out, portal.statement->columns(), rows[portal.next_row++],
                                  portal.formats);
    }
    protocol::append_command_complete(out, portal.answer->tag);
}

void Conversation::take_close(Bytes body, std::string& out) {
    const auto target = protocol::parse_target(body);
    if (!target) {
        fail_extended(invalid_message(Frontend::close), out);
        return;
    }
    const std::string name(target->name);
    if (target->kind == 'S') {
        statements_.erase(name);
    } else {
        portals_.erase(name);
    }
    append_bare(out, Backend::close_complete);
}

// --- both ----------------------------------------------------------------------------------------

Conversation::Understood Conversation::understand(const Tokens& tokens) const {
    // A setting of a session that is an option of pgweir as well is the latter.
    const bool sets_option = tokens.size() > 1 && tokens[0].is("SET") &&
                             conf::find_named_setting(in_lower_case(tokens[1].text)).has_value();
    auto ordinary = sets_option ? std::nullopt : OrdinaryStatement::parse(tokens, settings_);
    if (ordinary) {
        if (ordinary->problem()) return *ordinary->problem();
        return std::make_shared<const Prepared>(
            Prepared{.what = *std::move(ordinary), .parameters = {}});
    }
    auto parsed = parse_command(tokens);
    if (auto* problem = std::get_if<ErrorReport>(&parsed)) return std::move(*problem);
    return std::make_shared<const Prepared>(
        Prepared{.what = std::get<Command>(std::move(parsed)), .parameters = {}});
}

// By value: a Close may come while it runs.
Task<Answer> Conversation::run(PreparedPtr statement) {
    if (status_ == TransactionStatus::failed && !statement->ends_transaction()) {
        co_return Answer::failed(failed_transaction,
                                 "current transaction is aborted, commands ignored until end of "
                                 "transaction block");
    }
    if (const auto* command = std::get_if<Command>(&statement->what)) {
        if (command->entry->role > role_) {
            Answer refused;
            refused.error = not_allowed(*command);
            co_return refused;
        }
        co_return co_await host_.carry_out(*command);
    }
    const auto& ordinary = std::get<OrdinaryStatement>(statement->what);
    Answer answer = ordinary.run(host_.asker(), settings_);
    // What failed in a transaction block is rolled back by its COMMIT.
    if (status_ == TransactionStatus::failed) answer.tag = "ROLLBACK";
    follow_transaction(*statement);
    co_return answer;
}

void Conversation::follow_transaction(const Prepared& statement) {
    const auto kind = std::get<OrdinaryStatement>(statement.what).kind();
    if (kind == OrdinaryStatement::Kind::begin) status_ = TransactionStatus::in_transaction;
    if (kind == OrdinaryStatement::Kind::end) status_ = TransactionStatus::idle;
}

void Conversation::describe(const Prepared& statement, std::span<const Format> formats,
                            std::string& out) const {
    const auto columns = statement.columns();
    if (columns.empty()) {
        append_bare(out, Backend::no_data);
    } else {
        protocol::append_row_description(out, columns, formats);
    }
}

void Conversation::append_notices(const Answer& answer, std::string& out) {
    for (const ErrorReport& notice : answer.notices) protocol::append_notice_response(out, notice);
}

// As PostgreSQL reports changed settings: before the ReadyForQuery.
void Conversation::report_changes(std::string& out) {
    auto now = settings_.reported();
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] != told_[i]) protocol::append_parameter_status(out, now[i].first, now[i].second);
    }
    told_ = std::move(now);
}

void Conversation::fail(const ErrorReport& report, std::string& out) {
    protocol::append_error_response(out, report);
    if (status_ == TransactionStatus::in_transaction) status_ = TransactionStatus::failed;
}

void Conversation::fail_extended(const ErrorReport& report, std::string& out) {
    fail(report, out);
    skipping_ = true;
}

void Conversation::append_ready(std::string& out) const {
    protocol::append_ready_for_query(out, status_);
}

}  // namespace pgweir::daemon::console
