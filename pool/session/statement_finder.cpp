#include "pool/session/statement_finder.hpp"

#include <cstddef>
#include <string>
#include <tuple>
#include <utility>

#include "protocol/wire/message_writer.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;
using OnServer = StatementOperation::OnServer;

namespace {

// ParameterDescription, of a statement whose parameters were told.
std::string parameters_message(const Description& told) {
    std::string message;
    const protocol::Message body(message, protocol::Backend::parameter_description);
    message += *told.parameters;
    return message;
}

}  // namespace

bool StatementFinder::find(const Step& step, RequestWriter& requests) {
    Bytes name;
    const auto type = static_cast<Frontend>(step.type);
    if (type == Frontend::bind) {
        found_.bind = protocol::parse_bind_head(step.body);
        if (!found_.bind) return true;
        name = found_.bind->statement;
    } else if (type == Frontend::describe) {
        const auto target = protocol::parse_target(step.body);
        if (!target || target->kind != 'S') return true;
        name = target->name;
    } else {
        return true;
    }
    ClientStatement* const own = ledger_.clients().find(name);
    if (own == nullptr || own->statement == unknown_statement()) return true;
    const bool describes = type == Frontend::describe;
    if (describes && is_described_unread(*own, name)) return true;
    const protocol::RequestTracker& tracker = ledger_.server().tracker;
    const std::size_t first = tracker.sent_in_all();
    // In a failed transaction nothing is parsed, and nothing runs (stand_in).
    const bool found = name.empty() ? find_unnamed(*own, requests)
                                    : ledger_.has_failed() || find_named(*own, name, requests);
    // PostgreSQL tells the parameters before it reads the text again.
    const std::size_t end = tracker.sent_in_all();
    if (first != end && describes && own->told && own->told->parameters)
        errors_.precede(first, end, parameters_message(*own->told));
    return found;
}

// The server's unnamed statement, or the one under pgweir's name, which has been read for this.
bool StatementFinder::is_there(const ClientStatement& own, Bytes name) const {
    const StatementLedger::ServerSide& server = ledger_.server();
    return name.empty()
               ? server.unnamed.statement == own.statement && server.unnamed.reading == own.reading
               : serves(server.statements.use(*own.statement), own);
}

// PostgreSQL describes a statement without rows from memory, whatever has become of its tables, and
// in a failed transaction too (exec_describe_statement_message). The client has been told before
// what a stand-in tells again.
bool StatementFinder::is_described_unread(const ClientStatement& own, Bytes name) const {
    return own.told && own.told->parameters && own.told->row && own.told->row->empty() &&
           !is_there(own, name);
}

bool StatementFinder::find_named(ClientStatement& own, Bytes name, RequestWriter& requests) {
    const Statement& statement = *own.statement;
    ServerStatement* there = ledger_.server().statements.use(statement);
    if (!serves(there, own)) {
        errors_.note_name(own.statement, name);
        there = read_again(own, there, requests);
    }
    found_.own = &own;
    found_.there = there;
    return is_as_told(own, *there, statement.server_name(), requests);
}

bool StatementFinder::find_unnamed(ClientStatement& own, RequestWriter& requests) {
    ServerStatement& there = ledger_.server().unnamed;
    if (!is_there(own, {})) {
        const Bytes types = own.types();
        own.reading = next_reading();
        requests.parse(
            Origin::injected, {}, own.statement->query(), types,
            ledger_.assumed({.on_server = OnServer::sets_unnamed,
                             .there = {.statement = own.statement, .reading = own.reading}}));
    }
    found_.own = &own;
    found_.there = &there;
    return is_as_told(own, there, {}, requests);
}

// Sends a Parse of what the client has prepared already, in the midst of its messages.
ServerStatement* StatementFinder::read_again(const ClientStatement& own, ServerStatement* present,
                                             RequestWriter& requests) {
    if (present != nullptr) ledger_.server().plans_renewed.add();
    ledger_.make_way_for(own.statement, present, requests);
    for_sql_.show_what_it_names(*own.statement, requests);
    requests.parse(
        Origin::injected, own.statement->server_name(), own.statement->query(), own.types(),
        ledger_.assumed({.on_server = OnServer::prepares,
                         .there = {.statement = own.statement, .reading = next_reading()}}));
    return ledger_.server().statements.use(*own.statement);
}

// What the client was told of its statement is compared with what the server says, once for each
// reading. False: the server is asked.
bool StatementFinder::is_as_told(ClientStatement& own, const ServerStatement& there,
                                 Bytes server_name, RequestWriter& requests) {
    if (!own.told || own.told_of == there.reading) return true;
    if (there.description) {
        if (there.description->has_row_of(*own.told)) own.told_of = there.reading;
        return true;
    }
    for_sql_.show_what_it_names(*own.statement, requests);
    ledger_.verify(there, server_name, requests);
    return false;
}

bool StatementFinder::has_other_result() const {
    const auto& [own, there, bind] = found_;
    return own != nullptr && own->told && own->told_of != there->reading && there->description &&
           !there->description->has_row_of(*own->told);
}

// "RevalidateCachedQuery". PostgreSQL tells a statement's parameters before it looks at the result.
void StatementFinder::fail_for_other_result(bool tells_parameters) {
    const Description& told = *found_.own->told;
    std::string message;
    if (tells_parameters && told.parameters) message = parameters_message(told);
    protocol::ErrorReport report = protocol::ErrorReport::error(
        protocol::sqlstate::feature_not_supported, "cached plan must not change result type");
    report.file = "plancache.c";
    report.routine = "RevalidateCachedQuery";
    protocol::append_error_response(message, report);
    errors_.substitute(ledger_.server().tracker.sent_in_all(), std::move(message));
}

// A failed transaction parses nothing but the ends of one and what has no text.
StatementPtr StatementFinder::stand_in(StatementPtr statement, bool described) const {
    if (!ledger_.has_failed()) return statement;
    const StatementLedger::ServerSide& server = ledger_.server();
    if (server.statements.use(*statement) != nullptr) return statement;
    if (statement->effects(server.knowledge.function_effects()).contains(Effect::ends_transaction))
        return statement;
    const auto types = statement->types_without_text(described);
    return types ? server.knowledge.statements().intern({}, *types, {}) : statement;
}

// One that is stale is as good as new where nothing is run.
void StatementFinder::have(const StatementPtr& statement, RequestWriter& requests) {
    if (ledger_.server().statements.use(*statement) != nullptr) return;
    const ClientStatement own{.statement = statement};
    std::ignore = read_again(own, nullptr, requests);
}

}  // namespace pgweir::pool
