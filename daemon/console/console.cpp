#include "daemon/console/console.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "daemon/console/gathering.hpp"
#include "daemon/log/log.hpp"

namespace pgweir::daemon::console {

namespace sqlstate = protocol::sqlstate;

namespace {

// Clients know their servers: the other way is found from that.
void link(Snapshot& snapshot) {
    for (const ClientView& client : snapshot.clients) {
        if (client.server == 0) continue;
        const auto found =
            std::ranges::lower_bound(snapshot.servers, client.server, {}, &pool::ServerView::id);
        if (found != snapshot.servers.end() && found->id == client.server) {
            found->client = client.id;
        }
    }
}

void join(std::vector<WorkerView> views, Snapshot& snapshot) {
    for (WorkerView& view : views) {
        std::ranges::move(view.clients, std::back_inserter(snapshot.clients));
        std::ranges::move(view.servers, std::back_inserter(snapshot.servers));
        for (const auto& [key, own] : view.statements) {
            const auto [place, is_new] = snapshot.statements.emplace(key, own);
            if (is_new) continue;
            place->second.clients += own.clients;
            place->second.servers += own.servers;
        }
    }
    std::ranges::sort(snapshot.clients, {}, &ClientView::id);
    std::ranges::sort(snapshot.servers, {}, &pool::ServerView::id);
    link(snapshot);
    snapshot.logging_in = static_cast<unsigned>(
        std::ranges::count(snapshot.clients, std::string_view("login"), &ClientView::state));
}

}  // namespace

bool is_console(std::string_view database) {
    return conf::is_reserved_database(database);
}

std::optional<Role> role_of(const conf::Config& config, std::string_view user) {
    if (conf::is_listed(config.admin_users, user)) return Role::admin;
    if (conf::is_listed(config.stats_users, user)) return Role::stats;
    return std::nullopt;
}

Console::Console(asio::io_context& io, Operations& operations)
    : io_(io), operations_(operations), averages_(pool::Clock::now()) {}

void Console::submit(std::shared_ptr<Order> order, std::function<void()> done) {
    asio::post(io_.get_executor(),
               [this, order = std::move(order), done = std::move(done)]() mutable {
                   asio::co_spawn(io_.get_executor(), serve(std::move(order), std::move(done)),
                                  asio::detached);
               });
}

Task<> Console::serve(std::shared_ptr<Order> order, std::function<void()> done) {
    if (order->command.changes_something()) {
        log::write(conf::LogLevel::info, "console_command",
                   {{"command", order->command.to_string()},
                    {"user", order->user},
                    {"client", order->client}});
    }
    order->answer = co_await carry_out(*order);
    done();
}

Task<Answer> Console::show(const Show& show) {
    if (!show.why_not.empty()) {
        co_return Answer::failed(sqlstate::feature_not_supported, std::string(show.why_not));
    }
    Answer answer = Answer::done("SHOW");
    if (show.rows == nullptr) {
        answer.notices.push_back({.severity = "NOTICE",
                                  .code = "00000",
                                  .message = "Console usage",
                                  .detail = help_text()});
        co_return answer;
    }
    answer.rows = show.rows(co_await take_snapshot(show.sockets, show.statements));
    co_return answer;
}

// Every worker tells for itself, so that nothing of theirs is touched from here. Pools come last:
// what waits for the workers must not keep one alive.
Task<Snapshot> Console::take_snapshot(bool sockets, bool statements) {
    const std::vector<WorkerOperations*> workers = operations_.workers();
    Snapshot snapshot;
    if (sockets || statements) {
        const auto gathering = std::make_shared<Gathering<WorkerView>>(io_, workers.size());
        for (WorkerOperations* const worker : workers) worker->look(statements, gathering->reply());
        join(co_await gathering->all(), snapshot);
    }
    for (WorkerOperations* const worker : workers) {
        snapshot.connections += worker->clients();
        snapshot.workers.push_back(&worker->statistics());
    }
    snapshot.now = pool::Clock::now();
    snapshot.time = std::chrono::system_clock::now();
    snapshot.config = operations_.config();
    snapshot.pools = views_of(operations_.registry());
    snapshot.averages = &averages_;
    snapshot.client_counts = &operations_.client_counts();
    snapshot.client_size = operations_.client_size();
    snapshot.switches = &operations_.registry().switches();
    co_return snapshot;
}

void Console::keep_house() {
    const auto now = pool::Clock::now();
    if (!averages_.is_due(now, operations_.config()->stats_period)) return;
    std::vector<const pool::WorkerStatistics*> workers;
    for (WorkerOperations* const worker : operations_.workers()) {
        workers.push_back(&worker->statistics());
    }
    averages_.end_period(now, totals_by_database(views_of(operations_.registry()), workers));
}

}  // namespace pgweir::daemon::console
