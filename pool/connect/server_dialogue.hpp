// A connection to a server that libpq does not make: for cancels and for logins with keys.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pool/connect/server_connection.hpp"
#include "pool/connect/server_tls.hpp"
#include "pool/io/byte_stream.hpp"

namespace pgweir::pool {

/// Connects, negotiates TLS, reads and writes. Each step suspends and gives "" or, for people, what
/// went wrong. Lives on one worker; end() may be called while a step is suspended, which then
/// fails.
class ServerDialogue {
  public:
    explicit ServerDialogue(asio::io_context& io) : io_(io) {}
    ~ServerDialogue() = default;
    ServerDialogue(const ServerDialogue&) = delete;
    ServerDialogue& operator=(const ServerDialogue&) = delete;

    Task<std::string> connect(const SocketAddress& address);
    /// Asks for TLS. `agreed` is false when the server answered that it has none; then nothing is
    /// encrypted, and the caller decides. Bytes that came behind the answer are refused
    /// (CVE-2021-23222).
    Task<std::string> start_tls(const Keywords& keywords, const std::string& host, bool& agreed);
    Task<std::string> send(std::string_view bytes);
    /// Adds what comes next to `bytes`; `ended` when the server has closed.
    Task<std::string> receive(std::string& bytes, bool& ended);
    /// Has a suspended step fail, and all that follow.
    void end();
    [[nodiscard]] bool was_ended() const { return ended_; }

    /// The TLS session; nullptr without one.
    [[nodiscard]] ssl_st* tls() const { return tls_.get(); }
    /// Gives up the socket and the session, open.
    int release(TlsSessionPtr& tls);

  private:
    [[nodiscard]] std::string problem_of(const IoResult& result) const;

    asio::io_context& io_;
    LateEnds late_ends_;  ///< never asked: receive() reads on until there is nothing
    TlsSessionPtr tls_;
    std::optional<ByteStream> stream_;
    bool ended_ = false;
};

/// The address that one host of a connection has: `host` a folder or abstract name, or `hostaddr`
/// numeric. Nothing: it is neither.
[[nodiscard]] std::optional<SocketAddress> server_address(const std::string& host,
                                                          const std::string& hostaddr,
                                                          const std::string& port);

}  // namespace pgweir::pool
