#include "daemon/client/console_client.hpp"

#include <boost/asio/post.hpp>
#include <cstdint>
#include <utility>

#include "daemon/client/client_dialogue.hpp"
#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/client/unwatched.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::daemon {

using protocol::Frontend;
using protocol::Step;

ConsoleClient::ConsoleClient(ClientSession& client, ClientLimits::Place place, console::Role role,
                             const std::vector<protocol::Parameter>& startup)
    : client_(client), place_(std::move(place)), conversation_(*this, role, startup) {
    client_.worker().counters().console_logins.add();
}

Task<bool> ConsoleClient::greet(std::string opening, std::uint32_t version) {
    for (const auto& [name, value] : conversation_.settings().reported()) {
        protocol::append_parameter_status(opening, name, value);
    }
    protocol::append_backend_key_data(opening, client_.issue_key(0, version));
    protocol::append_ready_for_query(opening, protocol::TransactionStatus::idle);
    co_return co_await send(client_, opening);
}

// As in PgBouncer, whatever a client of the console says is one transaction: who only looks at the
// statistics does not change them each time.
void ConsoleClient::count_question() {
    if (!std::exchange(has_asked_, true)) client_.worker().counters().console_askers.add();
}

Task<> ConsoleClient::serve() {
    Exchange& exchange = client_.tenant().exchange();
    while (!client_.ending()) {
        const Step step = exchange.scanner.next(exchange.buffer.held());
        if (step.kind == Step::Kind::more) {
            const bool more = co_await read_more(client_);
            if (!more) co_return;
            continue;
        }
        std::string answer;
        if (step.kind != Step::Kind::pass) {
            const auto type = static_cast<Frontend>(step.type);
            if (!is_readable(step) || type == Frontend::terminate) {
                client_.terminate();
                co_return;
            }
            count_question();
            if (step.whole) {
                co_await conversation_.take(type, step.body, answer);
            } else {
                conversation_.refuse_long(type, answer);
            }
        }
        exchange.buffer.consume(step.size);
        if (answer.empty()) continue;
        const bool sent = co_await send(client_, answer);
        if (!sent) co_return;
    }
}

void ConsoleClient::withdraw() {
    if (order_) order_->withdrawn = true;
}

Task<console::Answer> ConsoleClient::carry_out(const console::Command& command) {
    const auto order = order_ = std::make_shared<console::Order>();
    order->command = command;
    order->user = client_.user();
    order->client = client_.id();
    order->is_private =
        client_.connection().ssl() != nullptr || client_.connection().address() == "unix";
    const auto there = std::make_shared<bool>(false);
    client_.worker().gateway().console.submit(
        order, [weak = client_.weak_from_this(),
                executor = client_.worker().context().io.get_executor(), there] {
            asio::post(executor, [weak, there] {
                *there = true;
                if (const auto client = weak.lock()) client->tenant().wake();
            });
        });
    const Unwatched unwatched(client_);
    while (!*there && !client_.ending()) co_await client_.tenant().exchange().woken.wait();
    order_.reset();
    // A client that is gone takes back what waits; one that is cut off by its own command hears the
    // answer.
    if (!*there) {
        order->withdrawn = true;
        co_return console::Answer{};
    }
    co_return order->answer;
}

console::Asker ConsoleClient::asker() const {
    console::Asker asker{.user = client_.user(),
                         .database = client_.database(),
                         .pid = ClientWorker::pid_of(client_.key()),
                         .databases = {client_.database()}};
    for (const conf::Database& database : client_.worker().config().databases) {
        if (!database.is_fallback()) asker.databases.push_back(database.name);
    }
    return asker;
}

}  // namespace pgweir::daemon
