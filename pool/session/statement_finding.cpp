// Of StatementTranslator: how what a Bind or a Describe names comes to be on the server, and what
// is done where it is not what the client was told.
#include <cstdint>
#include <utility>

#include "pool/session/statement_translator.hpp"
#include "protocol/wire/message_writer.hpp"

namespace pgweir::pool {

using protocol::Frontend;
using protocol::Origin;
using protocol::Step;
using OnServer = StatementOperation::OnServer;
using Describes = StatementOperation::Describes;

namespace {

// ParameterDescription, of a statement whose parameters were told.
std::string parameters_message(const Description& told) {
    std::string message;
    const protocol::Message body(message, protocol::Backend::parameter_description);
    message += *told.parameters;
    return message;
}

}  // namespace

bool StatementTranslator::find(const Step& step, RequestWriter& requests) {
    Bytes name;
    const auto type = static_cast<Frontend>(step.type);
    if (type == Frontend::bind) {
        named_.bind = protocol::parse_bind_head(step.body);
        if (!named_.bind) return true;
        name = named_.bind->statement;
    } else if (type == Frontend::describe) {
        const auto target = protocol::parse_target(step.body);
        if (!target || target->kind != 'S') return true;
        name = target->name;
    } else {
        return true;
    }
    ClientStatement* const own = client_->statements.find(name);
    if (own == nullptr || own->statement == unknown_statement()) return true;
    const bool describes = type == Frontend::describe;
    if (describes && is_described_unread(*own, name)) return true;
    const std::size_t first = server_.tracker.sent_in_all();
    // In a failed transaction nothing is parsed, and nothing runs (stand_in).
    const bool found = name.empty() ? find_unnamed(*own, requests)
                                    : has_failed() || find_named(*own, name, requests);
    // PostgreSQL tells the parameters before it reads the text again.
    const std::size_t end = server_.tracker.sent_in_all();
    if (first != end && describes && own->told && own->told->parameters)
        errors_.precede(first, end, parameters_message(*own->told));
    return found;
}

// The server's unnamed statement, or the one under pgweir's name, which has been read for this.
bool StatementTranslator::is_there(const ClientStatement& own, Bytes name) {
    const ServerStatement& unnamed = server_.unnamed;
    return name.empty() ? unnamed.statement == own.statement && unnamed.reading == own.reading
                        : serves(server_.statements.use(*own.statement), own);
}

// PostgreSQL describes a statement without rows from memory, whatever has become of its tables, and
// in a failed transaction too (exec_describe_statement_message). The client has been told before
// what a stand-in tells again.
bool StatementTranslator::is_described_unread(const ClientStatement& own, Bytes name) {
    return own.told && own.told->parameters && own.told->row && own.told->row->empty() &&
           !is_there(own, name);
}

// The server's statement serves a client that has prepared it before the server has read it, or by
// that very Parse: then it means what a Parse would have meant to this client, or more recent.
bool StatementTranslator::serves(const ServerStatement* there, const ClientStatement& own) {
    const bool recent = there != nullptr && !there->stale &&
                        (there->reading == own.reading || there->reading >= own.as_of);
    return recent &&
           (!own.told || !there->description || there->description->has_parameters_of(*own.told));
}

bool StatementTranslator::find_named(ClientStatement& own, Bytes name, RequestWriter& requests) {
    const Statement& statement = *own.statement;
    ServerStatement* there = server_.statements.use(statement);
    if (!serves(there, own)) {
        note_name(own.statement, name);
        there = read_again(own, there, requests);
    }
    named_.own = &own;
    named_.there = there;
    return is_as_told(own, *there, statement.server_name(), requests);
}

bool StatementTranslator::find_unnamed(ClientStatement& own, RequestWriter& requests) {
    ServerStatement& there = server_.unnamed;
    if (!is_there(own, {})) {
        const Bytes types = own.types();
        own.reading = next_reading();
        requests.parse(Origin::injected, {}, own.statement->query(), types,
                       assumed({.on_server = OnServer::sets_unnamed,
                                .there = {.statement = own.statement, .reading = own.reading}}));
    }
    named_.own = &own;
    named_.there = &there;
    return is_as_told(own, there, {}, requests);
}

// Sends a Parse of what the client has prepared already, in the midst of its messages.
ServerStatement* StatementTranslator::read_again(const ClientStatement& own,
                                                 ServerStatement* present,
                                                 RequestWriter& requests) {
    if (present != nullptr) {
        server_.plans_renewed.add();
        inject_close(*present, requests);
    } else {
        make_room_for(own.statement, requests);
    }
    show_what_it_names(*own.statement, requests);
    requests.parse(Origin::injected, own.statement->server_name(), own.statement->query(),
                   own.types(),
                   assumed({.on_server = OnServer::prepares,
                            .there = {.statement = own.statement, .reading = next_reading()}}));
    return server_.statements.use(*own.statement);
}

// What the client was told of its statement is compared with what the server says, once for each
// reading. False: the server is asked.
bool StatementTranslator::is_as_told(ClientStatement& own, const ServerStatement& there,
                                     Bytes server_name, RequestWriter& requests) {
    if (!own.told || own.told_of == there.reading) return true;
    if (there.description) {
        if (there.description->has_row_of(*own.told)) own.told_of = there.reading;
        return true;
    }
    show_what_it_names(*own.statement, requests);
    requests.describe(Origin::injected, server_name,
                      assumed({.there = {.statement = there.statement, .reading = there.reading},
                               .describes = Describes::statement}));
    verifying_ = true;
    return false;
}

// The result that the client was told of is not what the statement gives now.
bool StatementTranslator::has_other_result() const {
    const auto& [own, there, bind] = named_;
    return own != nullptr && own->told && own->told_of != there->reading && there->description &&
           !there->description->has_row_of(*own->told);
}

// What PostgreSQL says then ("RevalidateCachedQuery"). The next request is made to fail.
// `tells_parameters`: it is a Describe, and PostgreSQL tells those before it looks at the result.
void StatementTranslator::fail_for_other_result(bool tells_parameters) {
    const Description& told = *named_.own->told;
    std::string message;
    if (tells_parameters && told.parameters) message = parameters_message(told);
    protocol::ErrorReport report = protocol::ErrorReport::error(
        protocol::sqlstate::feature_not_supported, "cached plan must not change result type");
    report.file = "plancache.c";
    report.routine = "RevalidateCachedQuery";
    protocol::append_error_response(message, report);
    errors_.substitute(server_.tracker.sent_in_all(), std::move(message));
}

// The next request names this statement, which the server has by pgweir's name for it.
void StatementTranslator::note_name(const StatementPtr& statement, Bytes clients_name) {
    errors_.note_name(statement, clients_name, server_.tracker.sent_in_all(),
                      server_.tracker.answered());
}

}  // namespace pgweir::pool
