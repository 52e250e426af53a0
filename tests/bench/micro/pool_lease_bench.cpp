// What it costs to give a server to a client and to take it back.
#include <benchmark/benchmark.h>

#include "tests/unit/pool/lending_fixture.hpp"

namespace pgweir::bench {
namespace {

/// A client that takes what it gets without looking.
class PlainTenant : public pool::TestTenant {
  public:
    using TestTenant::TestTenant;
    void lease_granted(pool::Server& granted) override { server = &granted; }
};

/// The unit tests' pool, with one server in it.
class OneServer : public pool::LendingTest {
  public:
    OneServer() {
        make_pool(1);
        warm_up();
    }
    void TestBody() override {}

    [[nodiscard]] boost::asio::io_context& io() { return worker.io; }
    [[nodiscard]] pool::PoolPart& servers() { return part(); }
};

// The server is idle: who asks has it at once. An item is a lease.
void lend_and_return(benchmark::State& state) {
    OneServer pool;
    PlainTenant tenant(pool.io());
    for ([[maybe_unused]] auto _ : state) {
        if (!pool.servers().lend(tenant) || !tenant.server->release_if_done()) {
            state.SkipWithError("the server is not lent, or does not come back");
            return;
        }
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(lend_and_return);

// Two clients and one server, which goes from one to the other by way of the queue. An item
// is a lease.
void hand_over_by_queue(benchmark::State& state) {
    OneServer pool;
    PlainTenant one(pool.io());
    PlainTenant other(pool.io());
    if (!pool.servers().lend(one)) {
        state.SkipWithError("the server is not lent");
        return;
    }
    PlainTenant* holder = &one;
    PlainTenant* next = &other;
    for ([[maybe_unused]] auto _ : state) {
        pool.servers().enqueue(next->waiter, pool::Clock::now());
        if (!holder->server->release_if_done() || next->server == nullptr) {
            state.SkipWithError("the server does not go to who waits");
            break;
        }
        std::swap(holder, next);
    }
    state.SetItemsProcessed(state.iterations());
    pool.servers().withdraw(next->waiter);
    (void)holder->server->release_if_done();
}
BENCHMARK(hand_over_by_queue);

}  // namespace
}  // namespace pgweir::bench
