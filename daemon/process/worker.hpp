// A worker: one thread, one loop, and the clients and servers that live on it.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "conf/config.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/console/operations.hpp"
#include "pool/io/asio.hpp"

namespace pgweir::daemon {

/// Posts to its thread what others ask of its clients, and has the thread's only timer.
class Worker final : public console::WorkerOperations {
  public:
    Worker(pool::WorkerContext& context, Gateway& gateway,
           std::shared_ptr<const conf::Config> config);
    ~Worker() override = default;  // stop() has been called

    /// Starts the thread. Call once.
    void run();
    /// Any thread but its own. Ends the loop when it has done what was posted to it before, and
    /// joins the thread. Sessions that are still there are cut off.
    void stop();

    // Any thread. What is done on the worker is described there (ClientWorker).
    /// On the worker's own, at once.
    void accept(AcceptedClient client);
    void cancel(const protocol::CancelKey& key, std::function<void()> done,
                std::function<void()> otherwise);
    void reconfigure(std::shared_ptr<const conf::Config> config);
    void drain();
    void close_clients();

    // console::WorkerOperations
    void look(bool statements, std::function<void(WorkerView)> done) override;
    void kill_clients(std::optional<std::string> database) override;
    void kill_client(std::uint64_t id, std::function<void(bool)> done) override;
    [[nodiscard]] const pool::WorkerStatistics& statistics() const override {
        return clients_.statistics();
    }
    [[nodiscard]] unsigned clients() const override { return clients_.clients(); }

  private:
    using Timer = asio::basic_waitable_timer<pool::Clock, asio::wait_traits<pool::Clock>, Executor>;

    static constexpr std::chrono::milliseconds tick{100};

    template <typename Action>
    void post(Action action);
    Task<> keep_time();
    void end_loop(unsigned turns);

    pool::WorkerContext& context_;
    Gateway& gateway_;
    ClientWorker clients_;
    asio::executor_work_guard<Executor> keep_running_;
    Timer ticker_;
    std::thread thread_;
};

}  // namespace pgweir::daemon
