#include "daemon/process/http_server.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cstdint>
#include <exception>
#include <list>
#include <vector>

#include "daemon/log/log.hpp"

namespace pgweir::daemon {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

// How much, and how long, a peer that was refused in mid-request may still send before it is reset.
constexpr std::size_t drain_bytes = 256UL * 1024UL;
constexpr std::chrono::milliseconds drain_time{2'000};

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

/// HTTP's own status for what Beast could not parse; nothing if the peer is gone or too slow and
/// there is nobody to answer.
std::optional<http::status> status_of(const error_code& error) {
    if (error == http::error::header_limit) return http::status::request_header_fields_too_large;
    if (error == http::error::body_limit) return http::status::payload_too_large;
    if (error == http::error::end_of_stream || error == http::error::partial_message)
        return std::nullopt;
    static const error_code any_parse_error = http::make_error_code(http::error::bad_method);
    if (error.category() == any_parse_error.category()) return http::status::bad_request;
    return std::nullopt;
}

Response make_response(http::status status, std::string body, unsigned version, bool keep_alive) {
    Response response(status, version);
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.set(http::field::cache_control, "no-store");
    response.keep_alive(keep_alive);
    response.body() = std::move(body);
    response.prepare_payload();
    return response;
}

/// The last catch of every coroutine here: it ends one connection, never the daemon.
void end_of_coroutine(const std::exception_ptr& exception) try {
    if (exception) std::rethrow_exception(exception);
} catch (const std::exception& error) {
    log::write(conf::LogLevel::warning, "http_connection_failed", {{"error", error.what()}});
}

std::string_view path_of(const Request& request) {
    const std::string_view target(request.target().data(), request.target().size());
    return target.substr(0, target.find('?'));
}

}  // namespace

// Shared by the server and its coroutines, which end after it when the io_context runs on.
class HttpServer::State : public std::enable_shared_from_this<State> {
  public:
    State(asio::io_context& context, std::function<std::string()> metrics,
          std::function<Readiness()> ready, HttpLimits limits)
        : context_(context),
          metrics_(std::move(metrics)),
          ready_(std::move(ready)),
          limits_(limits) {}

    std::optional<std::string> listen(const conf::ListenAddress& address);
    [[nodiscard]] std::uint16_t port() const { return port_; }
    void stop();

  private:
    struct Peer {
        explicit Peer(tcp::socket&& socket) : stream(std::move(socket)) {}
        beast::tcp_stream stream;
        bool has_asked = false;   ///< it has had an answer
        bool is_asking = false;   ///< a request has begun, or its answer
        bool is_leaving = false;  ///< it was closed to make room
    };
    using Peers = std::list<Peer>;  ///< idle longest first

    std::vector<tcp::endpoint> endpoints(const conf::ListenAddress& address, error_code& error);
    error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint);
    asio::awaitable<void> accept(std::shared_ptr<tcp::acceptor> acceptor);
    void begin_session(tcp::socket&& socket);
    void make_room();
    asio::awaitable<void> session(Peers::iterator peer);
    asio::awaitable<bool> exchange(Peers::iterator peer, beast::flat_buffer& buffer);
    asio::awaitable<void> drain(beast::tcp_stream& stream, beast::flat_buffer& buffer) const;
    asio::awaitable<bool> write(beast::tcp_stream& stream, Response response, bool head_only);
    Response answer(const Request& request);
    Response answer_ready(unsigned version, bool keep_alive);

    asio::io_context& context_;
    std::function<std::string()> metrics_;
    std::function<Readiness()> ready_;
    HttpLimits limits_;
    std::vector<std::shared_ptr<tcp::acceptor>> acceptors_;
    Peers peers_;
    std::size_t leaving_ = 0;  ///< of them
    std::uint16_t port_ = 0;
    bool stopped_ = false;
};

std::vector<tcp::endpoint> HttpServer::State::endpoints(const conf::ListenAddress& address,
                                                        error_code& error) {
    // One socket for both families; without IPv6, open() fails and IPv4 is next.
    if (address.host == "*")
        return {tcp::endpoint(tcp::v6(), address.port), tcp::endpoint(tcp::v4(), address.port)};
    tcp::resolver resolver(context_);
    const auto found =
        resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
    return {found.begin(), found.end()};
}

error_code HttpServer::State::open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint.protocol() == tcp::v6())
        acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    return error;
}

std::optional<std::string> HttpServer::State::listen(const conf::ListenAddress& address) {
    const auto problem = [&](const std::string& reason) {
        stop();
        return "cannot serve HTTP on " + address.host + ":" + std::to_string(address.port) + ": " +
               reason;
    };
    if (address.is_unix()) return problem("only TCP addresses are possible");
    error_code error;
    const std::vector<tcp::endpoint> wanted = endpoints(address, error);
    if (error) return problem(error.message());
    for (tcp::endpoint endpoint : wanted) {
        if (endpoint.port() == 0) endpoint.port(port_);  // what the first one was given
        auto acceptor = std::make_shared<tcp::acceptor>(context_);
        error = open(*acceptor, endpoint);
        // A name may stand for an address family that this machine does not have.
        if (error == asio::error::address_family_not_supported ||
            error == boost::system::errc::address_not_available)
            continue;
        if (error) return problem(error.message());
        port_ = acceptor->local_endpoint(error).port();
        acceptors_.push_back(std::move(acceptor));
        if (address.host == "*") break;
    }
    if (acceptors_.empty()) return problem(error.message());
    for (const auto& acceptor : acceptors_)
        asio::co_spawn(context_, accept(acceptor), end_of_coroutine);
    return std::nullopt;
}

void HttpServer::State::stop() {
    stopped_ = true;
    for (const auto& acceptor : acceptors_) {
        error_code ignored;
        acceptor->close(ignored);
    }
    acceptors_.clear();
    for (Peer& peer : peers_) peer.stream.close();
}

asio::awaitable<void> HttpServer::State::accept(std::shared_ptr<tcp::acceptor> acceptor) {
    const auto self = shared_from_this();
    while (!stopped_) {
        auto [error, socket] = co_await acceptor->async_accept(use_tuple);
        if (stopped_) co_return;
        if (!error) {
            begin_session(std::move(socket));
            continue;
        }
        // Out of descriptors or memory: accept would fail again at once. A peer that was gone
        // before it was accepted costs the others this moment, too, which nobody notices.
        log::write(conf::LogLevel::warning, "http_accept_failed", {{"error", error.message()}});
        asio::steady_timer pause(context_, std::chrono::milliseconds(100));
        co_await pause.async_wait(use_tuple);
    }
}

void HttpServer::State::begin_session(tcp::socket&& socket) {
    if (peers_.size() - leaving_ >= limits_.connections) make_room();
    const auto peer = peers_.emplace(peers_.end(), std::move(socket));
    asio::co_spawn(context_, session(peer), end_of_coroutine);
}

// Who has never had an answer goes first, then who asks nothing; of these, who is idle longest.
void HttpServer::State::make_room() {
    const auto rank = [](const Peer& peer) {
        if (peer.is_leaving) return 3;
        if (!peer.has_asked) return 0;
        return peer.is_asking ? 2 : 1;
    };
    const auto leaves = std::ranges::min_element(peers_, {}, rank);  // the first of equals
    if (leaves == peers_.end() || leaves->is_leaving) return;
    leaves->is_leaving = true;
    ++leaving_;
    leaves->stream.close();
}

asio::awaitable<void> HttpServer::State::session(Peers::iterator peer) {
    const auto self = shared_from_this();
    // Erased however this ends. Not by stop(), as operations of the stream may be under way.
    const std::shared_ptr<void> eraser(nullptr, [this, peer](void*) {
        if (peer->is_leaving) --leaving_;
        peers_.erase(peer);
    });
    beast::tcp_stream& stream = peer->stream;
    stream.expires_after(limits_.request_time);
    beast::flat_buffer buffer(limits_.header_bytes + limits_.body_bytes);
    bool keep_alive = true;
    while (keep_alive && !stopped_ && !peer->is_leaving) {
        keep_alive = co_await exchange(peer, buffer);
    }
    // Half-close first: the peer may still be sending, and a reset would take the answer from it.
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (ignored || stopped_) co_return;
    co_await drain(stream, buffer);
}

asio::awaitable<bool> HttpServer::State::exchange(Peers::iterator peer,
                                                  beast::flat_buffer& buffer) {
    beast::tcp_stream& stream = peer->stream;
    // The time of the first request runs from the connection.
    if (buffer.size() == 0) {
        if (peer->has_asked) stream.expires_after(limits_.idle_time);
        auto [error, count] = co_await stream.async_read_some(buffer.prepare(1024), use_tuple);
        if (error) co_return false;
        buffer.commit(count);
    }
    if (peer->has_asked) stream.expires_after(limits_.request_time);
    peer->is_asking = true;
    http::request_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
    parser.body_limit(limits_.body_bytes);
    const auto [error, count] = co_await http::async_read(stream, buffer, parser, use_tuple);
    if (stopped_) co_return false;
    if (error) {
        if (const auto status = status_of(error))
            co_await write(stream, make_response(*status, error.message() + "\n", 11, false),
                           false);
        co_return false;
    }
    const bool head_only = parser.get().method() == http::verb::head;
    const bool keep_alive = co_await write(stream, answer(parser.get()), head_only);
    peer->has_asked = true;
    peer->is_asking = false;
    peers_.splice(peers_.end(), peers_, peer);
    co_return keep_alive;
}

asio::awaitable<bool> HttpServer::State::write(beast::tcp_stream& stream, Response response,
                                               bool head_only) {
    const bool keep_alive = response.keep_alive();
    http::response_serializer<http::string_body> serializer(response);
    error_code error;
    if (head_only) {
        error = std::get<0>(co_await http::async_write_header(stream, serializer, use_tuple));
    } else {
        error = std::get<0>(co_await http::async_write(stream, serializer, use_tuple));
    }
    co_return !error && keep_alive;
}

asio::awaitable<void> HttpServer::State::drain(beast::tcp_stream& stream,
                                               beast::flat_buffer& buffer) const {
    stream.expires_after(std::min(limits_.request_time, drain_time));
    for (std::size_t drained = 0; drained < drain_bytes;) {
        buffer.clear();
        const auto [error, count] =
            co_await stream.async_read_some(buffer.prepare(1024), use_tuple);
        if (error) co_return;
        drained += count;
    }
}

Response HttpServer::State::answer(const Request& request) try {
    const unsigned version = request.version();
    const bool keep_alive = request.keep_alive();
    const std::string_view path = path_of(request);
    if (path != "/metrics" && path != "/healthz" && path != "/readyz")
        return make_response(http::status::not_found, "There are /metrics, /healthz and /readyz.\n",
                             version, keep_alive);
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
        Response response = make_response(http::status::method_not_allowed, "Only GET and HEAD.\n",
                                          version, keep_alive);
        response.set(http::field::allow, "GET, HEAD");
        return response;
    }
    if (path == "/healthz") return make_response(http::status::ok, "ok\n", version, keep_alive);
    if (path == "/readyz") return answer_ready(version, keep_alive);
    Response response = make_response(http::status::ok, metrics_(), version, keep_alive);
    response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    return response;
} catch (const std::exception& error) {
    log::write(conf::LogLevel::error, "http_answer_failed", {{"error", error.what()}});
    return make_response(http::status::internal_server_error, "The log tells more.\n",
                         request.version(), false);
}

Response HttpServer::State::answer_ready(unsigned version, bool keep_alive) {
    const Readiness readiness = ready_();
    const auto status = readiness.ok ? http::status::ok : http::status::service_unavailable;
    return make_response(status, readiness.explanation + "\n", version, keep_alive);
}

HttpServer::HttpServer(asio::io_context& context, std::function<std::string()> metrics,
                       std::function<Readiness()> ready, HttpLimits limits)
    : state_(std::make_shared<State>(context, std::move(metrics), std::move(ready), limits)) {}

HttpServer::~HttpServer() {
    stop();
}

std::optional<std::string> HttpServer::listen(const conf::ListenAddress& address) {
    return state_->listen(address);
}

std::uint16_t HttpServer::port() const {
    return state_->port();
}

void HttpServer::stop() {
    state_->stop();
}

}  // namespace pgweir::daemon
