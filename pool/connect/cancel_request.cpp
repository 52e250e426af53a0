#include "pool/connect/cancel_request.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <memory>

#include "pool/connect/server_dialogue.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

namespace {

using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

}  // namespace

CancelTarget cancel_target(const ServerConnection& connection) {
    return {.address = connection.address,
            .key = connection.cancel_key,
            .tls_keywords = connection.tls_keywords,
            .host = connection.host};
}

Task<CancelOutcome> send_cancel_request(asio::io_context& io, CancelTarget target,
                                        milliseconds timeout) {
    using enum CancelOutcome;
    if (target.key.secret.empty()) co_return settled;  // the server has given none
    // Shared with the timer's handler, which may run after this coroutine has ended.
    const auto dialogue = std::make_shared<ServerDialogue>(io);
    Timer timer(io.get_executor());
    if (timeout > milliseconds::zero()) {
        timer.expires_after(timeout);
        timer.async_wait([dialogue](error_code error) {
            if (!error) dialogue->end();
        });
    }
    // Until the request itself is written nothing can arrive.
    const std::string unreachable = co_await dialogue->connect(target.address);
    if (!unreachable.empty()) co_return dialogue->was_ended() ? unsent : settled;
    if (target.tls_keywords) {
        bool agreed = false;
        const std::string problem =
            co_await dialogue->start_tls(*target.tls_keywords, target.host, agreed);
        if (!problem.empty() || !agreed) co_return dialogue->was_ended() ? unsent : settled;
    }
    std::string request;
    protocol::append_cancel_request(request, target.key);
    const std::string failure = co_await dialogue->send(request);
    if (!failure.empty()) co_return uncertain;
    // The postmaster's child closes after it has sent the signal; it may do so with our bytes
    // unread, which resets the connection.
    bool ended = false;
    std::string ignored;
    while (!ended) {
        const std::string problem = co_await dialogue->receive(ignored, ended);
        if (!problem.empty()) co_return dialogue->was_ended() ? uncertain : settled;
        ignored.clear();
    }
    co_return settled;
}

}  // namespace pgweir::pool
