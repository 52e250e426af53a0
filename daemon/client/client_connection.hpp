// A client's connection: where it comes from, how it is encrypted, and its bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/tls/client_tls.hpp"
#include "pool/io/byte_stream.hpp"
#include "pool/io/read_buffer.hpp"
#include "pool/worker/worker_context.hpp"

namespace pgweir::daemon {

/// A client's socket as the listener hands it over.
struct AcceptedClient {
    int socket = -1;
    std::string address;  ///< "127.0.0.1:50000", or "unix"
};

/// The socket of one client, with its TLS session if it has asked for one.
///
/// Owned by its ClientSession, on whose worker alone it may be touched. Nothing here suspends.
class ClientConnection {
  public:
    ClientConnection(pool::WorkerContext& worker, AcceptedClient client)
        : address_(std::move(client.address)),
          stream_(worker.io, worker.late_ends, client.socket) {}

    /// As AcceptedClient has it.
    [[nodiscard]] const std::string& address() const { return address_; }
    [[nodiscard]] int socket() const { return stream_.native_handle(); }
    [[nodiscard]] pool::ByteStream& stream() { return stream_; }
    /// Null: the client has not asked for encryption.
    [[nodiscard]] const SslPtr& ssl() const { return ssl_; }
    /// From now on its bytes go through `ssl`; the handshake is the caller's.
    void start_tls(SslPtr ssl);

    enum class Reading : std::uint8_t { something, nothing, ended };
    /// Reads into `buffer` what is there to be read without waiting. `ended`: the client is gone.
    [[nodiscard]] Reading read(pool::ReadBuffer& buffer);
    /// Writes a few bytes to a client that waits for them. False where they do not fit: it does not
    /// read, and is not waited for.
    bool write_at_once(std::string_view bytes);

    [[nodiscard]] bool has_gone() const;
    /// `said_its_last`: nothing is expected of the client any more.
    void close(bool said_its_last);

  private:
    std::string address_;
    SslPtr ssl_;
    pool::ByteStream stream_;
    bool drained_ = false;  ///< the socket had nothing more when it was last read
};

}  // namespace pgweir::daemon
