// A client that has come for the console: it gets no server, and its messages are answered here.
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "daemon/client_session.hpp"
#include "daemon/console/console.hpp"
#include "daemon/log.hpp"
#include "daemon/unwatched.hpp"
#include "daemon/worker.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::daemon {

using protocol::Frontend;
using protocol::Step;

// As in PgBouncer: who runs pgweir on this machine need not log in to it.
bool ClientSession::is_own_user() const {
    if (user() != "pgweir" && user() != "pgbouncer") return false;
    const ClientFacts known = facts();
    return known.is_unix && known.uid == ::geteuid();
}

Task<> ClientSession::enter_console(const protocol::StartupMessage& startup) {
    std::optional<console::Role> role;
    if (is_own_user()) {
        login_->method = "peer";
        role = console::Role::admin;
    } else {
        CredentialsPtr unused;
        const bool authentic = co_await authenticate(unused);
        if (!authentic) co_return;
        role = console::role_of(worker_.config(), user());
    }
    login_->ticket = {};
    std::string opening;
    protocol::append_authentication_ok(opening);
    std::optional<ErrorReport> problem;
    if (!role) {
        problem = ErrorReport::fatal(protocol::sqlstate::invalid_authorization,
                                     "user \"" + user() + "\" may not use the console");
        problem->hint = "The options console.admin_users and console.stats_users say who may.";
    } else if (replication_ != protocol::Replication::none) {
        problem = ErrorReport::fatal(protocol::sqlstate::feature_not_supported,
                                     "the console cannot be replicated");
    }
    if (problem) {
        std::ignore = co_await send(opening);
        refuse(*std::move(problem));
        co_return;
    }
    console_ = std::make_unique<ConsoleClient>(ConsoleClient{
        .conversation = console::Conversation(*this, *role, startup.settings), .order = nullptr});
    worker_.gateway().console_clients.fetch_add(1);
    for (const auto& [name, value] : console_->conversation.settings().reported()) {
        protocol::append_parameter_status(opening, name, value);
    }
    cancel_key_ = worker_.issue_key(*this, 0, startup.spoken_version());
    protocol::append_backend_key_data(opening, cancel_key_);
    protocol::append_ready_for_query(opening, protocol::TransactionStatus::idle);
    const bool greeted = co_await send(opening);
    if (!greeted) co_return;
    state_deadline_.cancel();
    log_login();
    if (draining_) drain();
    co_await serve_console();
}

// One message after the other; each is answered before the next is looked at.
Task<> ClientSession::serve_console() {
    while (!ending_) {
        const Step step = exchange_->scanner.next(exchange_->buffer.held());
        if (step.kind == Step::Kind::more) {
            const bool more = co_await read_more();
            if (!more) co_return;
            continue;
        }
        std::string answer;
        if (step.kind != Step::Kind::pass) {
            if (!is_acceptable(step)) co_return;
            const auto type = static_cast<Frontend>(step.type);
            if (type == Frontend::terminate) {
                terminated_ = true;
                co_return;
            }
            if (step.whole) {
                co_await console_->conversation.take(type, step.body, answer);
            } else {
                console_->conversation.refuse_long(type, answer);
            }
        }
        exchange_->buffer.consume(step.size);
        if (answer.empty()) continue;
        const bool sent = co_await send(answer);
        if (!sent) co_return;
    }
}

Task<console::Answer> ClientSession::carry_out(const console::Command& command) {
    const auto order = console_->order = std::make_shared<console::Order>();
    order->command = command;
    order->user = user();
    order->client = session_.id;
    const auto there = std::make_shared<bool>(false);
    worker_.gateway().console.submit(
        order, [weak = weak_from_this(), executor = worker_.context().io.get_executor(), there] {
            asio::post(executor, [weak, there] {
                *there = true;
                if (const auto self = weak.lock()) self->wake();
            });
        });
    const Unwatched unwatched(*this);
    while (!*there && !ending_) co_await exchange_->woken.wait();
    console_->order.reset();
    // Who is gone takes back what waits; who is cut off by what he has asked for hears the answer.
    if (!*there) {
        order->withdrawn = true;
        co_return console::Answer{};
    }
    co_return order->answer;
}

console::Asker ClientSession::asker() const {
    console::Asker asker{
        .user = user(), .database = database(), .pid = cancel_key_.pid, .databases = {database()}};
    for (const conf::Database& database : worker_.config().databases) {
        if (!database.is_fallback()) asker.databases.push_back(database.name);
    }
    return asker;
}

}  // namespace pgweir::daemon
