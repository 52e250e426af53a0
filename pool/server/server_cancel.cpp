#include "pool/server/server_cancel.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "pool/connect/cancel_request.hpp"
#include "pool/server/server.hpp"

namespace pgweir::pool {

void ServerCancel::send(Done done) {
    if (done) done_.push_back(std::move(done));
    if (std::exchange(is_under_way_, true)) return;
    home_.statistics().cancels.add();
    asio::co_spawn(home_.context().io.get_executor(), carry(), asio::detached);
}

Task<> ServerCancel::carry() {
    const auto keep_alive = server_.shared_from_this();
    const CancelOutcome outcome =
        co_await send_cancel_request(home_.context().io, cancel_target(server_.connection()),
                                     home_.options().cancel_wait_timeout);
    is_under_way_ = false;
    is_uncertain_ = is_uncertain_ || outcome == CancelOutcome::uncertain;
    if (outcome != CancelOutcome::settled) {
        home_.statistics().timeouts[static_cast<std::size_t>(Timeout::cancel_wait_timeout)].add();
        home_.cancel_timed_out(server_);
    }
    for (const Done& done : std::exchange(done_, {})) done();
    server_.clean();
}

}  // namespace pgweir::pool
