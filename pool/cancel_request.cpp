#include "pool/cancel_request.hpp"

#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "protocol/serialize.hpp"

namespace pgweir::pool {

namespace {

using Protocol = asio::generic::stream_protocol;
using Socket = asio::basic_stream_socket<Protocol, Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

}  // namespace

Task<bool> send_cancel_request(asio::io_context& io, const SocketAddress& address,
                               protocol::CancelKey key, milliseconds timeout) {
    // Shared with the timer's handler, which may run after this coroutine has ended.
    const auto socket = std::make_shared<Socket>(io.get_executor());
    Timer timer(io.get_executor());
    if (timeout > milliseconds::zero()) {
        timer.expires_after(timeout);
        timer.async_wait([socket](error_code error) {
            error_code ignored;
            if (!error) socket->close(ignored);
        });
    }
    const Protocol::endpoint endpoint(&address.storage, address.size,
                                      address.storage.ss_family == AF_UNIX ? 0 : IPPROTO_TCP);
    const auto [connect_error] = co_await socket->async_connect(endpoint, as_result);
    if (connect_error) co_return true;  // nothing was sent, so that nothing can arrive

    std::string request;
    protocol::append_cancel_request(request, key);
    const auto [write_error, written] =
        co_await asio::async_write(*socket, asio::buffer(request), as_result);
    if (write_error) co_return false;
    std::array<char, 64> ignored{};
    while (true) {
        const auto [error, size] =
            co_await socket->async_read_some(asio::buffer(ignored), as_result);
        // The postmaster's child closes after it has sent the signal; it may do so with our bytes
        // unread, which resets the connection.
        if (error) co_return error == asio::error::eof || error == asio::error::connection_reset;
    }
}

}  // namespace pgweir::pool
