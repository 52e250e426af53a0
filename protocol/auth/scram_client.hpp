// The client's side of a SCRAM exchange: logs in to a PostgreSQL.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/auth/authentication.hpp"
#include "protocol/auth/scram.hpp"
#include "protocol/auth/secret.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// How many iterations a server may ask for. It names the count before it has proved anything, and
/// the work is ours: at the INT_MAX that the protocol allows, one login would hold a worker with
/// all its clients for minutes. PostgreSQL makes verifiers with 4096 (1 ms) unless its
/// scram_iterations says otherwise (from 16 on); this bound costs some 30 ms. Does not apply to a
/// login with keys, which has no iterations to do.
inline constexpr unsigned scram_max_iterations = 100'000;

/// Bounds on what a server-first-message may hold; PostgreSQL's own are 16 bytes and 48 characters.
inline constexpr std::size_t scram_max_salt = 1024;
inline constexpr std::size_t scram_max_nonce = 1024;

struct ScramClientOptions {
    /// The password, or what ScramServer found out of a client that knows it.
    std::variant<std::string, ScramKeys> credentials;

    /// The tls-server-end-point data of the server's certificate, where the connection is TLS.
    std::optional<std::string> channel_binding;
    /// Rather fail than log in without binding the channel (libpq's channel_binding=require).
    bool require_channel_binding = false;

    unsigned max_iterations = scram_max_iterations;

    /// For tests; random where it is empty.
    std::string nonce;
};

/// One exchange: start(), then proceed() with the data of AuthenticationSASLContinue, then finish()
/// with that of AuthenticationSASLFinal. An ErrorReport ends it.
class ScramClient {
  public:
    explicit ScramClient(ScramClientOptions options);
    ScramClient(const ScramClient&) = delete;
    ScramClient& operator=(const ScramClient&) = delete;
    ~ScramClient();

    /// Chooses from the mechanisms of AuthenticationSASL.
    [[nodiscard]] std::variant<SaslInitialResponse, ErrorReport> start(
        std::span<const std::string> mechanisms);
    /// What to answer in a SASLResponse.
    [[nodiscard]] std::variant<std::string, ErrorReport> proceed(Bytes server_first);
    /// std::nullopt: the server knows the password, too.
    [[nodiscard]] std::optional<ErrorReport> finish(Bytes server_final);

    /// Whether finish() was content. An AuthenticationOk that comes earlier is a server that did
    /// not prove anything, and must not be taken.
    [[nodiscard]] bool finished() const { return state_ == State::finished; }

  private:
    enum class State { initial, server_first, server_final, finished, failed };
    /// A server-first-message, taken apart.
    struct ServerFirst {
        Bytes nonce;
        std::string salt;
        unsigned iterations = 0;
    };

    [[nodiscard]] std::optional<ErrorReport> parse_server_first(Bytes message,
                                                                ServerFirst& parsed) const;
    [[nodiscard]] ScramKeys keys_for(const ServerFirst& message) const;

    ScramClientOptions options_;
    State state_ = State::initial;
    std::string gs2_header_;
    std::string client_first_bare_;
    ScramKey server_signature_{};  ///< what the server has to answer with
};

}  // namespace pgweir::protocol
