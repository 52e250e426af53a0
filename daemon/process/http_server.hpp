// The small HTTP server for those who watch: /metrics, /healthz, /readyz.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "conf/config.hpp"

namespace pgweir::daemon {

/// Whether new clients should be sent here, with a sentence why (not).
struct Readiness {
    bool ok = false;
    std::string explanation;
};

/// What one scraper may use. The defaults are for the daemon; tests shorten the times.
struct HttpLimits {
    std::size_t connections = 64;     ///< at once; for a further one the one idle longest is closed
    std::size_t header_bytes = 8192;  ///< request line and headers, else 431
    std::size_t body_bytes = 4096;    ///< a body is read and ignored, else 413
    /// From the connection, or the first byte of a later request, to the last byte of the answer,
    /// however slowly they trickle.
    std::chrono::milliseconds request_time{10'000};
    /// Without a further request. Above Prometheus' usual scrape intervals, so that it keeps its
    /// connection.
    std::chrono::milliseconds idle_time{120'000};
};

/// Lives on the io_context it is given: construct, call and destroy there (or while it does not
/// run). Nothing a scraper does reaches further than its own connection.
class HttpServer {
  public:
    /// `metrics` makes the body of /metrics, `ready` the answer of /readyz; both are called on the
    /// io_context. One that throws is answered with 500.
    HttpServer(boost::asio::io_context& context, std::function<std::string()> metrics,
               std::function<Readiness()> ready, HttpLimits limits = {});
    /// As stop().
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Listens on every address the host stands for, and accepts as soon as the io_context runs. A
    /// host name is looked up, which blocks: call while starting up. Call once. Returns nothing,
    /// or why not, as a sentence for whoever wrote the configuration.
    [[nodiscard]] std::optional<std::string> listen(const conf::ListenAddress& address);

    /// The port in use, which the system chose if 0 was asked for; 0 before listen().
    [[nodiscard]] std::uint16_t port() const;

    /// Stops listening and closes every connection. The callbacks are not called any more.
    void stop();

  private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace pgweir::daemon
