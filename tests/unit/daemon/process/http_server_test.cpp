#include "daemon/process/http_server.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <thread>

namespace pgweir::daemon {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A scraper's socket. Nothing waits longer than ten seconds: a test fails, it does not hang.
class Peer {
  public:
    explicit Peer(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
        const timeval limit{.tv_sec = 10, .tv_usec = 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    ~Peer() { close(socket_); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// Whether all was taken; a peer that closed is no error here.
    bool send(std::string_view text) const {
        return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == ssize_t(text.size());
    }
    void finish_sending() const { shutdown(socket_, SHUT_WR); }

    /// All until the server closes; "(timeout)" at the end if it does not.
    /// What is left of what was read before, and all behind it.
    [[nodiscard]] std::string read_all() const {
        std::string all = unread_;
        while (read_some(all)) {
        }
        return all;
    }
    /// All up to and with the first `end` behind what was read before.
    std::string read_until(std::string_view end) {
        std::size_t found = std::string::npos;
        while ((found = unread_.find(end)) == std::string::npos && read_some(unread_)) {
        }
        const std::size_t size = found == std::string::npos ? unread_.size() : found + end.size();
        std::string text = unread_.substr(0, size);
        unread_.erase(0, size);
        return text;
    }

  private:
    bool read_some(std::string& all) const {
        char buffer[65536];
        const ssize_t count = recv(socket_, buffer, sizeof buffer, 0);
        if (count > 0) all.append(buffer, static_cast<std::size_t>(count));
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) all += "(timeout)";
        return count > 0;
    }
    int socket_;
    std::string unread_;
};

class HttpServerTest : public testing::Test {
  protected:
    void TearDown() override {
        if (server_) asio_post([this] { server_->stop(); });
        work_.reset();
        if (thread_.joinable()) thread_.join();
    }

    void start(HttpLimits limits = {}) {
        server_ = std::make_unique<HttpServer>(
            context_, [this] { return metrics_(); }, [this] { return readiness_; }, limits);
        ASSERT_EQ(server_->listen({"127.0.0.1", 0}), std::nullopt);
        thread_ = std::thread([this] { context_.run(); });
    }
    template <typename Act>
    void asio_post(Act act) {
        boost::asio::post(context_, std::move(act));
    }
    [[nodiscard]] std::uint16_t port() const { return server_->port(); }

    [[nodiscard]] std::string ask(std::string_view request) const {
        const Peer peer(port());
        EXPECT_TRUE(peer.send(request));
        return peer.read_all();
    }
    [[nodiscard]] std::string get(const std::string& path) const {
        return ask("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    void expect_still_well() const { EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200")); }

    boost::asio::io_context context_;
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_{
        context_.get_executor()};
    std::function<std::string()> metrics_ = [] { return std::string("pgweir_up 1\n"); };
    Readiness readiness_{.ok = true, .explanation = "a server can be reached"};
    std::unique_ptr<HttpServer> server_;
    std::thread thread_;
};

TEST_F(HttpServerTest, MetricsComeInPrometheusForm) {
    start();
    const std::string answer = get("/metrics");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 12\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\npgweir_up 1\n"));
}

TEST_F(HttpServerTest, AQueryStringIsIgnored) {
    start();
    EXPECT_THAT(get("/metrics?a=b"), EndsWith("pgweir_up 1\n"));
}

TEST_F(HttpServerTest, ReadinessIsExplained) {
    start();
    EXPECT_THAT(get("/readyz"), testing::AllOf(StartsWith("HTTP/1.1 200"),
                                               EndsWith("\r\na server can be reached\n")));
}

TEST_F(HttpServerTest, NotReadyIsServiceUnavailable) {
    readiness_ = {.ok = false, .explanation = "draining"};
    start();
    EXPECT_THAT(get("/readyz"),
                testing::AllOf(StartsWith("HTTP/1.1 503"), EndsWith("\r\ndraining\n")));
    expect_still_well();
}

TEST_F(HttpServerTest, HeadHasTheLengthWithoutTheBody) {
    start();
    const std::string answer =
        ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Content-Length: 12\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, Http10IsAnsweredAndClosed) {
    start();
    EXPECT_THAT(ask("GET /metrics HTTP/1.0\r\n\r\n"),
                testing::AllOf(StartsWith("HTTP/1.0 200"), EndsWith("pgweir_up 1\n")));
}

TEST_F(HttpServerTest, UnknownPathsAreNotFound) {
    start();
    EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 404"));
    EXPECT_THAT(get("/metrics/x"), StartsWith("HTTP/1.1 404"));
}

TEST_F(HttpServerTest, OtherMethodsAreNotAllowed) {
    start();
    for (const std::string method : {"POST", "DELETE", "PATCH", "OPTIONS"}) {
        const std::string answer =
            ask(method + " /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 405"));
        EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
    }
}

TEST_F(HttpServerTest, AConnectionIsKeptForTheNextScrape) {
    start();
    Peer peer(port());
    for (int scrape = 0; scrape < 3; ++scrape) {
        ASSERT_TRUE(peer.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
        EXPECT_THAT(peer.read_until("pgweir_up 1\n"), StartsWith("HTTP/1.1 200"));
    }
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
    start();
    Peer peer(port());
    ASSERT_TRUE(
        peer.send("GET /healthz HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.1\r\n\r\n"
                  "GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n"));
    EXPECT_THAT(peer.read_until("\r\n\r\nok\n"), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(peer.read_until("/readyz.\n"), StartsWith("HTTP/1.1 404"));
    EXPECT_THAT(peer.read_all(), EndsWith("pgweir_up 1\n"));
}

TEST_F(HttpServerTest, ARequestMayComeByteByByte) {
    start();
    const Peer peer(port());
    for (const char byte : std::string_view("GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n"))
        ASSERT_TRUE(peer.send({&byte, 1}));
    EXPECT_THAT(peer.read_all(), EndsWith("pgweir_up 1\n"));
}

TEST_F(HttpServerTest, WhatIsNotHttpIsABadRequest) {
    start();
    for (const char* nonsense :
         {"garbage\r\n\r\n", "GET\r\n\r\n", "GET /metrics HTTP/9\r\n\r\n",
          "\x16\x03\x01\x02 hello\r\n\r\n", "GET /metrics HTTP/1.1\r\nx\r\n\r\n"})
        EXPECT_THAT(ask(nonsense), StartsWith("HTTP/1.1 400")) << nonsense;
    expect_still_well();
}

TEST_F(HttpServerTest, HeadersBeyondTheLimitAreRefused) {
    start();
    const std::string much(20'000, 'x');
    EXPECT_THAT(ask("GET /metrics HTTP/1.1\r\nX: " + much + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431"));
    EXPECT_THAT(ask("GET /" + much), StartsWith("HTTP/1.1 431"));
    expect_still_well();
}

TEST_F(HttpServerTest, ABodyBeyondTheLimitIsRefused) {
    start();
    EXPECT_THAT(ask("POST /metrics HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n"),
                StartsWith("HTTP/1.1 413"));
    EXPECT_THAT(ask("POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n" +
                    std::string(0xffff, 'x') + "\r\n0\r\n\r\n"),
                StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, ARequestThatNeverEndsIsCutOff) {
    start({.request_time = 50ms});
    EXPECT_EQ(ask("GET /metrics HT"), "");
    expect_still_well();
}

TEST_F(HttpServerTest, AConnectionWithoutRequestsIsClosed) {
    start({.request_time = 50ms});
    const Peer silent(port());
    EXPECT_EQ(silent.read_all(), "");
    expect_still_well();
}

TEST_F(HttpServerTest, AConnectionWithoutAFurtherRequestIsClosed) {
    start({.idle_time = 50ms});
    Peer served(port());
    ASSERT_TRUE(served.send("GET /healthz HTTP/1.1\r\n\r\n"));
    EXPECT_THAT(served.read_all(), EndsWith("\r\n\r\nok\n"));
}

std::string more_than_sockets_hold() {
    // NOLINTNEXTLINE(bugprone-string-constructor): it is meant to be large
    return std::string(16'000'000, 'x');
}

TEST_F(HttpServerTest, APeerThatGoesAwayInTheMidstDisturbsNobody) {
    metrics_ = more_than_sockets_hold;
    start();
    for (int i = 0; i < 5; ++i) {
        Peer peer(port());
        ASSERT_TRUE(peer.send("GET /metrics HTTP/1.1\r\n\r\n"));
        if (i % 2 == 0) peer.read_until("\r\n\r\n");
    }
    { const Peer gone(port()); }
    expect_still_well();
}

TEST_F(HttpServerTest, AReaderThatNeverReadsIsCutOff) {
    metrics_ = more_than_sockets_hold;
    start({.connections = 1, .request_time = 100ms});
    const Peer lazy(port());
    ASSERT_TRUE(lazy.send("GET /metrics HTTP/1.1\r\n\r\n"));
    // Its place is free again when its time is over.
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    std::string answer;
    while (answer.empty() && std::chrono::steady_clock::now() < deadline) answer = get("/healthz");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, WhoHasAskedNothingMakesRoomForAFurtherConnection) {
    start({.connections = 2});
    Peer first(port());
    ASSERT_TRUE(first.send("GET /healthz HTTP/1.1\r\n\r\n"));
    first.read_until("ok\n");
    {
        const Peer second(port());
        Peer third(port());
        EXPECT_EQ(second.read_all(), "");
        ASSERT_TRUE(third.send("GET /healthz HTTP/1.1\r\n\r\n"));
        EXPECT_THAT(third.read_until("ok\n"), StartsWith("HTTP/1.1 200"));
        ASSERT_TRUE(first.send("GET /healthz HTTP/1.1\r\n\r\n"));
        EXPECT_THAT(first.read_until("ok\n"), StartsWith("HTTP/1.1 200"));
    }
    expect_still_well();
}

TEST_F(HttpServerTest, WhereAllHaveAskedWhoIsIdleLongestMakesRoom) {
    start({.connections = 2});
    Peer first(port());
    ASSERT_TRUE(first.send("GET /healthz HTTP/1.1\r\n\r\n"));
    first.read_until("ok\n");
    Peer second(port());
    ASSERT_TRUE(second.send("GET /healthz HTTP/1.1\r\n\r\n"));
    second.read_until("ok\n");
    ASSERT_TRUE(first.send("GET /healthz HTTP/1.1\r\n\r\n"));
    first.read_until("ok\n");
    expect_still_well();
    EXPECT_EQ(second.read_all(), "");
    ASSERT_TRUE(first.send("GET /healthz HTTP/1.1\r\n\r\n"));
    EXPECT_THAT(first.read_until("ok\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ACallbackThatThrowsIsAnInternalError) {
    metrics_ = []() -> std::string { throw std::runtime_error("no statistics"); };
    start();
    const std::string answer = get("/metrics");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
    EXPECT_THAT(answer, Not(HasSubstr("no statistics")));  // the log's affair
    expect_still_well();
}

TEST_F(HttpServerTest, RandomBytesNeverDisturbIt) {
    start({.request_time = 50ms});
    std::mt19937 random(42);
    std::uniform_int_distribution<int> byte(0, 255);
    for (int round = 0; round < 100; ++round) {
        std::string noise = round % 2 == 0 ? "GET /metrics HTTP/1.1\r\n" : "";
        for (int i = 0; i < 500; ++i) noise += static_cast<char>(byte(random));
        const Peer peer(port());
        peer.send(noise);
        peer.finish_sending();
        EXPECT_THAT(peer.read_all(), Not(HasSubstr("(timeout)")));
    }
    expect_still_well();
}

TEST_F(HttpServerTest, StopClosesConnectionsAndThePort) {
    start();
    Peer peer(port());
    ASSERT_TRUE(peer.send("GET /healthz HTTP/1.1\r\n\r\n"));
    peer.read_until("ok\n");
    asio_post([this] { server_->stop(); });
    EXPECT_EQ(peer.read_all(), "");
    HttpServer successor(context_, metrics_, [this] { return readiness_; });
    EXPECT_EQ(successor.listen({"127.0.0.1", port()}), std::nullopt);
    asio_post([this] { work_.reset(); });
    context_.stop();
    thread_.join();
}

TEST_F(HttpServerTest, APortThatIsTakenIsExplained) {
    start();
    HttpServer second(context_, metrics_, [this] { return readiness_; });
    EXPECT_EQ(
        second.listen({"127.0.0.1", port()}),
        "cannot serve HTTP on 127.0.0.1:" + std::to_string(port()) + ": Address already in use");
    EXPECT_EQ(second.port(), 0);
}

TEST_F(HttpServerTest, AnAddressThatCannotBeIsExplained) {
    HttpServer server(context_, metrics_, [this] { return readiness_; });
    EXPECT_THAT(server.listen({"/tmp", 9432}).value(), HasSubstr("only TCP addresses"));
    HttpServer elsewhere(context_, metrics_, [this] { return readiness_; });
    EXPECT_THAT(elsewhere.listen({"192.0.2.1", 0}).value(),
                HasSubstr("192.0.2.1:0: Cannot assign"));
    HttpServer nowhere(context_, metrics_, [this] { return readiness_; });
    EXPECT_THAT(nowhere.listen({"no.such.host.invalid", 0}).value(), HasSubstr("Host not found"));
}

TEST_F(HttpServerTest, AStarIsEveryAddress) {
    server_ = std::make_unique<HttpServer>(context_, metrics_, [this] { return readiness_; });
    ASSERT_EQ(server_->listen({"*", 0}), std::nullopt);
    thread_ = std::thread([this] { context_.run(); });
    expect_still_well();
}

TEST_F(HttpServerTest, ANameIsLookedUp) {
    server_ = std::make_unique<HttpServer>(context_, metrics_, [this] { return readiness_; });
    ASSERT_EQ(server_->listen({"localhost", 0}), std::nullopt);
    thread_ = std::thread([this] { context_.run(); });
    expect_still_well();
}

}  // namespace
}  // namespace pgweir::daemon
