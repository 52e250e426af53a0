// A pool of one worker in front of a scripted server, and clients that are tests.
#pragma once

#include <gmock/gmock.h>
#include <poll.h>

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pool/lending/registry.hpp"
#include "scripted_server.hpp"

namespace pgweir::pool {

/// A client session as the pool sees it. Its replies go into a socketpair.
class TestTenant : public Tenant {
  public:
    explicit TestTenant(asio::io_context& io) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        replies_ = std::make_unique<ByteStream>(io, late_ends_, ends[0]);
        client_ = ends[1];
        waiter.tenant = this;
        // All count as one session, so that plans and values of sequences are never a stranger's.
        session_.id = 1;
        session_.startup = session_.settings =
            std::make_shared<const SessionSettings>(std::vector<Parameter>());
    }
    /// Must not be in the queue any more.
    ~TestTenant() override {
        if (server != nullptr) leave(true, true);
        ::close(client_);
    }
    TestTenant(const TestTenant&) = delete;
    TestTenant& operator=(const TestTenant&) = delete;

    /// What the client has received since it was last asked.
    [[nodiscard]] std::string received() const {
        std::array<char, 4096> room{};
        std::string all;
        ssize_t size = 0;
        while ((size = ::recv(client_, room.data(), room.size(), 0)) > 0) {
            all.append(room.data(), static_cast<std::size_t>(size));
        }
        return all;
    }
    /// Offers a whole message as a session does. What is held back, and all behind it, waits until
    /// it is offered again.
    void request(const std::string& message) {
        held_back_.push_back(message);
        offer_again();
    }
    /// Offers what was held back, as a session does after replies. False: some of it still is.
    bool offer_again() {
        while (!held_back_.empty() && offer(held_back_.front())) held_back_.pop_front();
        return held_back_.empty();
    }
    /// How many requests wait.
    [[nodiscard]] std::size_t held_back() const { return held_back_.size(); }
    void query(std::string_view sql) {
        std::string message;
        protocol::append_query(message, sql);
        request(message);
    }

    /// Leaves its server as Server::abandon() has it.
    void leave(bool half_sent, bool cancel) {
        std::exchange(server, nullptr)->abandon(half_sent, cancel);
    }

    void wake() override {}
    void lease_granted(Server& granted) override {
        EXPECT_EQ(server, nullptr) << "one server at a time";
        server = &granted;
        ++leases;
    }
    void lease_ended() override { server = nullptr; }
    [[nodiscard]] TenantSession& session() override { return session_; }
    [[nodiscard]] ByteStream& replies() override { return *replies_; }
    [[nodiscard]] bool between_requests() const override { return true; }
    void replies_failed() override { failed = true; }
    [[nodiscard]] bool may_release() const override {
        return !keeps_server && !session_.pins.any();
    }
    [[nodiscard]] bool accepts(protocol::TransactionStatus) override { return true; }
    void reply_finished(protocol::TransactionStatus status) override { finished.push_back(status); }
    void set_up_finished(const std::optional<protocol::ErrorReport>& error) override {
        EXPECT_TRUE(!error || may_be_refused) << error->message;
        set_up_error = error;
        ++set_ups;
    }
    void replies_delivered() override {}
    [[nodiscard]] bool takes_replies() const override { return true; }
    void notify(const SharedMessage& message) override { notified.push_back(*message); }
    void channels_confirmed() override {}
    void question_answered() override {}
    void pins_changed(Pins) override { ++pin_changes; }
    void server_lost(bool explain) override { lost.push_back(explain); }

    Waiter waiter;
    Server* server = nullptr;
    int leases = 0;
    int set_ups = 0;
    int pin_changes = 0;
    bool may_be_refused = false;
    std::optional<protocol::ErrorReport> set_up_error;
    bool failed = false;
    bool keeps_server = false;
    std::vector<protocol::TransactionStatus> finished;
    std::vector<bool> lost;
    std::vector<std::string> notified;

  private:
    // False: it has to wait.
    [[nodiscard]] bool offer(const std::string& message) const {
        if (server == nullptr) {
            ADD_FAILURE() << "no server";
            return true;
        }
        const protocol::Step step{.kind = protocol::Step::Kind::frame,
                                  .size = message.size(),
                                  .type = message.front(),
                                  .body = protocol::Bytes(message).substr(protocol::header_size),
                                  .whole = true};
        Outgoing out;
        bool taken = false;
        if (server->session().must_hold_back(step)) {
            server->session().ask_for_answers(out);
        } else if (server->make_ready(step, out)) {
            server->take_request(step, message, out);
            taken = true;
        }
        std::size_t size = 0;
        for (const iovec& part : out.parts()) size += part.iov_len;
        EXPECT_EQ(server->requests().write(out.parts()).size, size);
        return taken;
    }

    std::deque<std::string> held_back_;
    TenantSession session_;
    LateEnds late_ends_;
    std::unique_ptr<ByteStream> replies_;
    int client_ = -1;
};

/// Remembers why servers were closed.
class TestObserver : public Observer {
  public:
    void server_connected(const ServerEvent&, Clock::duration) override {}
    void server_closed(const ServerEvent&, ServerClose reason, std::string_view) override {
        closed.push_back(reason);
    }
    void connect_failed(std::string_view, std::string_view, std::string_view explanation,
                        milliseconds) override {
        failures.emplace_back(explanation);
    }
    void session_state_leaked(std::string_view, std::string_view, std::string_view what) override {
        leaks.emplace_back(what);
    }
    std::vector<ServerClose> closed;
    std::vector<std::string> leaks;
    std::vector<std::string> failures;
};

class LendingTest : public testing::Test {
  protected:
    /// Nothing is asked of new servers.
    LendingTest() {
        config.pool.login_defaults_interval = milliseconds::zero();
        config.pool.session_state = conf::SessionState::off;
    }
    /// Makes the pool; `size` is its default_pool_size.
    void make_pool(unsigned size) {
        conf::Database entry{.name = "shop",
                             .connection = {{"host", postgresql.folder()},
                                            {"port", ScriptedServer::port},
                                            {"gssencmode", "disable"}}};
        config.pool.default_pool_size = size;
        entry.options = config.pool;
        config.databases.push_back(entry);
        pool = registry.find_or_make(config, entry, "shop", "ann");
    }
    PoolPart& part() { return pool->part(0); }
    const PoolStatistics& statistics() { return part().statistics(); }

    /// One turn of the worker and of the server. False: neither had anything to do.
    bool step() {
        worker.io.restart();
        const bool worker_acts = worker.io.poll() > 0;
        return postgresql.poll() || worker_acts;
    }
    /// Lets both run until `condition` holds; false when it does not within ten seconds.
    template <typename Condition>
    bool run_until(Condition condition) {
        const auto give_up = Clock::now() + std::chrono::seconds(10);
        while (true) {
            const bool acts = step();
            if (condition()) return true;
            if (Clock::now() > give_up) return false;
            if (!acts) ::poll(nullptr, 0, 1);
        }
    }
    /// Lets both run until neither has anything to do but to wait: for the test, or for time to
    /// pass. Between them nothing is under way that has not arrived (ScriptedServer).
    void settle() {
        const auto give_up = Clock::now() + std::chrono::seconds(10);
        while (step()) {
            if (Clock::now() > give_up) FAIL() << "worker and server never come to rest";
        }
    }
    /// The next message that the n-th connection gets.
    std::string next_message(std::size_t n = 0) {
        EXPECT_TRUE(run_until([&] {
            return postgresql.connections() > n && postgresql.backend(n).has_message();
        })) << "no message came";
        return postgresql.connections() > n ? postgresql.backend(n).take() : "";
    }
    /// Queues until it has a server.
    void acquire(TestTenant& tenant) {
        part().enqueue(tenant.waiter, Clock::now());
        EXPECT_TRUE(run_until([&] { return tenant.server != nullptr; }));
        part().withdraw(tenant.waiter);
    }
    /// A tenant that has queued until it got a server.
    class Holder : public TestTenant {
      public:
        explicit Holder(LendingTest& test) : TestTenant(test.worker.io) { test.acquire(*this); }
    };
    /// Brings one connection into the pool.
    void warm_up() {
        Holder first(*this);
        ASSERT_NE(first.server, nullptr);
        ASSERT_TRUE(first.server->release_if_done());
        ASSERT_EQ(statistics().servers_idle.get(), 1U);
    }

    ScriptedServer postgresql;
    TestObserver observer;
    WorkerContext worker{0};
    Registry registry{{&worker}, observer};
    conf::Config config;
    std::shared_ptr<Pool> pool;
    // The last member, and not TearDown(): the tenants, members of what is derived from this, leave
    // before.
    std::shared_ptr<void> shut_down_at_the_end{nullptr, [this](void*) {
                                                   registry.shut_down();
                                                   step();
                                               }};
};

}  // namespace pgweir::pool
