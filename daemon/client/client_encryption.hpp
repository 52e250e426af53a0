// How a client comes to speak TLS: by SSLRequest, or at once.
#pragma once

#include <memory>

#include "daemon/tls/client_tls.hpp"
#include "pool/io/asio.hpp"

namespace pgweir::daemon {

class ClientSession;

/// The part of a login that encrypts the connection. Owned by its ClientLogin, on its worker; all
/// coroutines are the login's. False from one of them: the session ends, and knows why.
class ClientEncryption {
  public:
    explicit ClientEncryption(ClientSession& client) : client_(client) {}

    /// Looks for what the configuration offers to this client, now.
    void offer();
    /// Whether there is anything to offer.
    [[nodiscard]] bool is_offered() const { return tls_ != nullptr; }
    /// Whether clients that are offered TLS must use it.
    [[nodiscard]] bool is_required() const;
    /// Only where it is offered: what pgweir's own certificate is bound to (RFC 5929).
    [[nodiscard]] std::string end_point_hash() const { return tls_->end_point_hash(); }

    /// Begins TLS if the client begins with its ClientHello. Suspends until it has begun.
    Task<bool> begin_directly();
    /// Answers an SSLRequest, or else a GSSENCRequest. Suspends until the handshake is over.
    Task<bool> answer_request(bool is_tls);

  private:
    Task<bool> start();

    ClientSession& client_;
    std::shared_ptr<const ClientTls> tls_;  ///< null: this client is not offered any
};

}  // namespace pgweir::daemon
