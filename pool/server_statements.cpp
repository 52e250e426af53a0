// What the client's prepared statements are on its server: under which names, put there again where
// they are missing, and taken back when the server refuses.
#include <algorithm>

#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/extended_query.hpp"
#include "protocol/message_writer.hpp"
#include "protocol/normalised_text.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;
using OnServer = StatementOperation::OnServer;

namespace {

bool only_deallocates(Bytes sql) {
    std::string text =
        lower_case(protocol::normalised_text(sql.substr(0, sql.find('\0')), sql.size() + 1));
    if (text.ends_with(';')) text.pop_back();
    return text.starts_with("deallocate ") && text.find(';') == std::string::npos;
}

}  // namespace

// The server keeps what it has under its own name, for whoever prepares the same.
void Server::close_of_client(Bytes name, Outgoing& out) {
    const StatementPtr statement = tenant_->session().statements.find(name);
    StatementOperation operation{.of_client = true, .name = std::string(name), .before = statement};
    if (name.empty()) operation.on_server = OnServer::sets_unnamed;
    const bool reserved = is_reserved(name);
    // One that is not carried.
    if (!reserved && !name.empty() && statement == nullptr) note_effects(Effect::state, {});
    // With what may stand under the client's own name goes the doubt of who has dropped it.
    std::erase(materialised_, name);
    register_operation(Frontend::close, Origin::client, std::move(operation));
    const std::size_t before = out.own().size();
    protocol::append_close(out.own(), {.kind = 'S', .name = reserved ? no_statement : name});
    out.added(before);
}

// For what looks for a statement by the name that the client has for it; in the place of what an
// earlier request may have left there.
void Server::put_under_clients_name(Bytes name, Bytes query, Bytes types, Origin origin,
                                    Outgoing& out) {
    note_sent(Frontend::close, origin);
    register_operation(Frontend::parse, origin, {.name = std::string(name), .materialises = true});
    const std::size_t before = out.own().size();
    protocol::append_close(out.own(), {.kind = 'S', .name = name});
    protocol::append_parse(out.own(), name, query, types);
    out.added(before);
}

// SQL may have taken the name in this transaction: only the server knows, and says so.
void Server::expect_free_name(const protocol::ParseMessage& parse, Outgoing& out) {
    note_sent(Frontend::parse, Origin::injected);
    note_sent(Frontend::close, Origin::injected);
    const std::size_t before = out.own().size();
    protocol::append_parse(out.own(), parse.statement, parse.query, parse.types);
    protocol::append_close(out.own(), {.kind = 'S', .name = parse.statement});
    out.added(before);
}

// Sends a Parse of a statement that the client has prepared already, in the midst of its messages.
void Server::parse_again(Bytes name, const Statement& statement, Outgoing& out) {
    const std::size_t before = out.own().size();
    protocol::append_parse(out.own(), name, statement.query(), statement.types());
    out.added(before);
}

// The transaction has failed, and nothing that was sent in it or before may end it.
bool Server::has_failed() const {
    return tracks() && tracker_.transaction_status() == protocol::TransactionStatus::failed &&
           !effects_.contains(Effect::ends_transaction);
}

// What the server is asked for in the statement's place: in a failed transaction it parses nothing
// but the ends of one and what has no text.
StatementPtr Server::stand_in(StatementPtr statement, bool described) {
    if (!has_failed()) return statement;
    if (connection_.statements.use(*statement) != ServerStatements::State::absent) return statement;
    if (statement->effects(part_.names()).contains(Effect::ends_transaction)) return statement;
    const auto types = statement->types_without_text(described);
    return types ? part_.statements().intern({}, *types, {}) : statement;
}

// Makes sure that the server has a statement that the client has. One that is stale is as good as
// new where nothing is run.
void Server::prepare(const StatementPtr& statement, Bytes clients_name, Outgoing& out) {
    const auto state = connection_.statements.use(*statement);
    const bool stale = state == ServerStatements::State::stale;
    if (state == ServerStatements::State::absent || (stale && !has_failed())) {
        if (state != ServerStatements::State::absent) {
            inject_close(statement->server_name(),
                         {.on_server = OnServer::closes, .statement = statement}, out);
        } else {
            make_room_for(statement, out);
        }
        register_operation(Frontend::parse, Origin::injected,
                           {.on_server = OnServer::prepares, .statement = statement});
        parse_again(statement->server_name(), *statement, out);
    }
    burst_.names(statement, clients_name, tracker_.sent_in_all());
}

void Server::prepare_unnamed(Outgoing& out) {
    const StatementPtr& wanted = tenant_->session().statements.unnamed;
    if (connection_.unnamed == wanted || wanted == unknown_statement()) return;
    StatementOperation operation{.on_server = OnServer::sets_unnamed, .statement = wanted};
    if (wanted) {
        register_operation(Frontend::parse, Origin::injected, std::move(operation));
        parse_again("", *wanted, out);
    } else {
        inject_close("", std::move(operation), out);
    }
}

void Server::make_room_for(const StatementPtr& statement, Outgoing& out) {
    const std::size_t limit = tenant_->session().max_prepared_statements;
    while (const StatementPtr oldest = connection_.statements.evict(limit)) {
        inject_close(oldest->server_name(), {.on_server = OnServer::closes, .statement = oldest},
                     out);
    }
    // While its Close is on its way the server may yet discard that, and still have it.
    const bool may_be_there =
        std::ranges::any_of(operations_, [&](const StatementOperation& other) {
            return other.on_server == OnServer::closes &&
                   other.statement->server_name() == statement->server_name();
        });
    if (may_be_there) {
        inject_close(statement->server_name(),
                     {.on_server = OnServer::closes, .statement = statement}, out);
    }
}

void Server::inject_close(Bytes name, StatementOperation operation, Outgoing& out) {
    register_operation(Frontend::close, Origin::injected, std::move(operation));
    const std::size_t before = out.own().size();
    protocol::append_close(out.own(), {.kind = 'S', .name = name});
    out.added(before);
}

// A statement of SQL that names prepared statements is to find those of the protocol under the
// client's names. To DEALLOCATE, one without text: theirs may not be parsed any more, as a table of
// it is gone. The question about the state that follows finds what is left of them.
void Server::materialise(Bytes text, Origin origin, Outgoing& out) {
    const std::size_t before = out.own().size();
    const bool to_go = only_deallocates(text);
    tenant_->session().statements.for_each_named(
        [&](const std::string& name, const Statement& statement) {
            if (text.find(name) == Bytes::npos || is_reserved(name)) return;
            if (to_go) {
                put_under_clients_name(name, {}, no_types, origin, out);
            } else {
                put_under_clients_name(name, statement.query(), statement.types(), origin, out);
            }
            materialised_.push_back(name);
        });
    if (out.own().size() == before) return;
    effects_ |= Effect::state;
    if (origin != Origin::pool) return;
    const std::size_t parsed = out.own().size();
    protocol::append_sync(out.own());
    out.added(parsed);
    note_sent(Frontend::sync, origin);
    questions_.push_back(Question::order);
}

// An error that names a prepared statement says the client's name for it: of several, that of the
// request which failed, or for which what failed was put in front.
std::string Server::with_clients_names(Bytes error, std::size_t failed_request) const {
    std::string message(error);
    const Burst::Named* named = nullptr;
    for (const Burst::Named& candidate : burst_.statements()) {
        if (message.find(candidate.statement->server_name()) == std::string::npos) continue;
        named = &candidate;
        if (candidate.request >= failed_request) break;
    }
    if (named == nullptr) return message;
    const std::string& server_name = named->statement->server_name();
    message.replace(message.find(server_name), server_name.size(), named->name);
    protocol::write_uint32(message, 1, static_cast<std::uint32_t>(message.size() - 1));
    return message;
}

// --- what is on its way --------------------------------------------------------------------------

// Behind a question about what the tenant has left nothing is sent: whoever went on and on while
// there is one would keep the server from those who wait for it. Otherwise: whether a Sync stands
// between this request and an unanswered one about the same statement; if an error came before
// that, the server has never read it. During COPY it answers no Sync; and behind a COPY whose end
// may leave a doubt (RequestTracker::in_doubt) nothing can be sent that the doubt would be about.
bool Server::awaits_outcome(const Step& step) const {
    if (tracker_.must_wait(static_cast<Frontend>(step.type))) return true;
    if (!tenant_->session().follows) return false;
    if (takes_stock_) return true;
    if (!has_doubtful()) return false;
    if (tracker_.copying_in() || tracker_.discarding() || tracker_.uncertain()) return false;
    switch (static_cast<Frontend>(step.type)) {
        case Frontend::parse: {
            const auto parse = step.whole ? protocol::parse_parse(step.body) : std::nullopt;
            if (!parse || parse->statement.empty()) return false;
            return is_doubtful(parse->statement, true) || is_doubtful_text(parse->query);
        }
        case Frontend::bind: {
            const auto bind = protocol::parse_bind_head(step.body);
            return bind && is_doubtful(bind->statement, false);
        }
        case Frontend::describe:
        case Frontend::close: {
            const auto target = protocol::parse_target(step.body);
            return target && target->kind == 'S' && is_doubtful(target->name, false);
        }
        default:
            return false;
    }
}

// Whether any is on its way before a Sync that was sent: they are in order. In an ordinary extended
// query there is none, and nothing more is looked at.
bool Server::has_doubtful() const {
    return !operations_.empty() && operations_.front().segment != segment_;
}

// `anew`: what is on its way under this name before the same Sync decides nothing. What pgweir puts
// in the unnamed statement's place may never get there either.
bool Server::is_doubtful(Bytes name, bool anew) const {
    for (auto at = operations_.rbegin(); at != operations_.rend(); ++at) {
        const bool same = at->of_client ? at->name == name
                                        : name.empty() && at->on_server == OnServer::sets_unnamed;
        if (!same) continue;
        if (at->segment != segment_) return true;
        if (!anew) return false;
    }
    const StatementPtr statement = tenant_->session().statements.find(name);
    return statement && statement != unknown_statement() && is_doubtful_text(statement->query());
}

bool Server::is_doubtful_text(Bytes query) const {
    return std::ranges::any_of(operations_, [&](const StatementOperation& operation) {
        return operation.segment != segment_ && operation.statement &&
               operation.on_server != OnServer::sets_unnamed &&
               operation.statement->query() == query;
    });
}

// Assumes the change at once: the messages behind depend on it.
void Server::register_operation(Frontend type, Origin origin, StatementOperation operation) {
    tracker_.sent(type, origin, protocol::Operation::yes);
    burst_.add(type, origin, operation);
    if (type == Frontend::parse) part_.statistics().server_parses.add();
    operation.segment = segment_;
    if (operation.on_server == OnServer::prepares) {
        connection_.statements.add(operation.statement);
    } else if (operation.on_server == OnServer::closes) {
        connection_.statements.remove(*operation.statement);
    } else if (operation.on_server == OnServer::sets_unnamed) {
        operation.unnamed_on_server = std::exchange(connection_.unnamed, operation.statement);
    }
    if (operation.of_client && !operation.stands_for_parse) {
        tenant_->session().statements.set(operation.name, operation.statement);
    }
    operations_.push_back(std::move(operation));
}

void Server::finish_operations(const protocol::Verdict& verdict, Bytes& message) {
    using Outcome = protocol::Verdict::Outcome;
    if (verdict.operation == Outcome::done) {
        if (operations_.front().stands_for_parse) message = protocol::parse_complete_message;
        operations_.erase(operations_.begin());
        return;
    }
    const std::size_t failed = verdict.operation == Outcome::failed ? 1 : 0;
    const auto gone = static_cast<std::ptrdiff_t>(failed + verdict.operations_discarded);
    const std::vector<StatementOperation> undone(operations_.begin(), operations_.begin() + gone);
    operations_.erase(operations_.begin(), operations_.begin() + gone);
    for (std::size_t i = undone.size(); i > 0; --i) undo(undone[i - 1], i <= failed);
}

// What is on its way and may fail brings back no unnamed statement from before: it ends.
void Server::forget_unnamed_before() {
    for (StatementOperation& operation : operations_) {
        if (operation.on_server == OnServer::sets_unnamed) operation.unnamed_on_server.reset();
        if (operation.of_client && operation.name.empty()) operation.before.reset();
    }
}

// A Parse that fails has ended the unnamed statement all the same; one that the server never read
// has not.
void Server::undo(const StatementOperation& operation, bool failed) {
    if (operation.on_server == OnServer::prepares) {
        connection_.statements.remove(*operation.statement);
    } else if (operation.on_server == OnServer::closes) {
        connection_.statements.add(operation.statement);
    } else if (operation.on_server == OnServer::sets_unnamed) {
        const bool set_later =
            std::ranges::find(operations_, OnServer::sets_unnamed,
                              &StatementOperation::on_server) != operations_.end();
        if (!set_later) connection_.unnamed = failed ? nullptr : operation.unnamed_on_server;
    }
    // What never came there has not been deallocated either.
    if (operation.materialises) std::erase(materialised_, operation.name);
    if (!operation.of_client || tenant_ == nullptr) return;
    const StatementPtr before = failed && operation.name.empty() ? nullptr : operation.before;
    const auto later = std::ranges::find_if(operations_, [&](const StatementOperation& other) {
        return other.of_client && other.name == operation.name;
    });
    if (later != operations_.end()) {
        later->before = before;
    } else {
        tenant_->session().statements.set(operation.name, before);
    }
}

}  // namespace pgweir::pool
