#include "daemon/process/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>

namespace pgweir::daemon {

Worker::Worker(pool::WorkerContext& context, Gateway& gateway,
               std::shared_ptr<const conf::Config> config)
    : context_(context),
      gateway_(gateway),
      clients_(context, gateway, std::move(config)),
      keep_running_(asio::make_work_guard(context.io)),
      ticker_(context.io.get_executor()) {}

template <typename Action>
void Worker::post(Action action) {
    asio::post(context_.io.get_executor(), std::move(action));
}

void Worker::run() {
    asio::co_spawn(context_.io.get_executor(), keep_time(), asio::detached);
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), ("worker-" + std::to_string(context_.index)).c_str());
        context_.thread = std::this_thread::get_id();
        context_.io.run();
        context_.thread = std::thread::id();
    });
}

void Worker::stop() {
    if (!thread_.joinable()) return;
    post([this] { end_loop(16); });
    thread_.join();
}

// What is closed resumes the coroutines that wait for it; a few turns of the loop let them come to
// their end.
void Worker::end_loop(unsigned turns) {
    clients_.cut_off();
    if (turns == 0) {
        context_.io.stop();
    } else {
        post([this, turns] { end_loop(turns - 1); });
    }
}

// The worker's only timer: deadlines are as exact as this tick.
Task<> Worker::keep_time() {
    while (true) {
        ticker_.expires_after(tick);
        const auto [error] = co_await ticker_.async_wait(as_result);
        if (error) co_return;
        gateway_.beat(context_.index);
        context_.deadlines.sweep(pool::Clock::now());
        clients_.look_for_ends();
        context_.late_ends.look();
    }
}

void Worker::accept(AcceptedClient client) {
    clients_.expect_client();
    asio::dispatch(context_.io.get_executor(), [this, client = std::move(client)]() mutable {
        clients_.begin(std::move(client));
    });
}

void Worker::cancel(const protocol::CancelKey& key, std::function<void()> done,
                    std::function<void()> otherwise) {
    post([this, key, done = std::move(done), otherwise = std::move(otherwise)]() mutable {
        clients_.cancel(key, std::move(done), otherwise);
    });
}

void Worker::reconfigure(std::shared_ptr<const conf::Config> config) {
    post([this, config = std::move(config)]() mutable { clients_.reconfigure(std::move(config)); });
}

void Worker::look(bool statements, std::function<void(WorkerView)> done) {
    post([this, statements, done = std::move(done)] { done(clients_.view(statements)); });
}

void Worker::drain() {
    post([this] { clients_.drain(); });
}

void Worker::kill_clients(std::optional<std::string> database) {
    post([this, database = std::move(database)] { clients_.kill_clients(database); });
}

void Worker::kill_client(std::uint64_t id, std::function<void(bool)> done) {
    post([this, id, done = std::move(done)] { done(clients_.kill_client(id)); });
}

void Worker::close_clients() {
    post([this] { clients_.close_clients(); });
}

}  // namespace pgweir::daemon
