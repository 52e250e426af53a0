// The server's side of a SCRAM exchange: checks that a client knows the password.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/auth/authentication.hpp"
#include "protocol/auth/scram.hpp"
#include "protocol/auth/secret.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// The exchange goes on: `data` is for an AuthenticationSASLContinue.
struct ScramContinue {
    std::string data;
};

/// The client knows the password.
struct ScramSuccess {
    std::string data;        ///< for an AuthenticationSASLFinal, before AuthenticationOk
    std::size_t secret = 0;  ///< which of the secrets it was, as an index
    /// What logs in elsewhere as this client, where the same verifier is stored. The caller wipes
    /// them.
    ScramKeys keys;
};

/// The proof is wrong or there is nothing to prove: the caller says "password authentication failed
/// for user" (28P01), which is all that a client may learn.
struct ScramWrongPassword {};

/// An ErrorReport is a client that does not keep to the protocol, in PostgreSQL's words.
using ScramReply = std::variant<ScramContinue, ScramSuccess, ScramWrongPassword, ErrorReport>;

struct ScramServerOptions {
    /// Whom the client wants to be, as it said in its StartupMessage; the name in the exchange is
    /// not looked at, as in PostgreSQL. Makes the salt where no verifier has one.
    std::string user;

    /// Any of these logs in, as far as one exchange can offer them all: it has one salt and one
    /// iteration count. Those of the first verifier are taken, and further verifiers are of use
    /// only where they have the same. Plain passwords go with any; each costs a PBKDF2 per login:
    /// make_scram_verifier() once spares that. MD5 hashes are of no use.
    ///
    /// With nothing of use (an unknown user) the exchange goes on to the end and fails there, as
    /// with a wrong password.
    std::vector<Secret> secrets;

    /// The tls-server-end-point data of our certificate: SCRAM-SHA-256-PLUS is offered.
    std::optional<std::string> channel_binding;

    /// An unknown user costs the time of a plain password, not that of a verifier. For where known
    /// users have plain ones: the time must not tell who is known.
    bool mock_plain = false;

    /// For tests; random where it is empty.
    std::string nonce;
};

/// One exchange. Neither clock nor socket; the order is start(), then proceed() for each
/// SASLResponse as long as a ScramContinue comes back. Any bytes are answered with a value.
///
/// The salt of plain passwords and of unknown users is made of a key that is random for each
/// process, and of the user's name, so that it tells nothing about who exists.
class ScramServer {
  public:
    explicit ScramServer(ScramServerOptions options);
    ScramServer(const ScramServer&) = delete;
    ScramServer& operator=(const ScramServer&) = delete;
    ~ScramServer();

    /// What AuthenticationSASL offers.
    [[nodiscard]] std::span<const std::string_view> mechanisms() const;

    [[nodiscard]] ScramReply start(const SaslInitialResponse& initial);
    [[nodiscard]] ScramReply proceed(Bytes response);

  private:
    enum class State { initial, client_first, client_final, done };
    /// A secret that this exchange can check.
    struct Candidate {
        std::size_t secret = 0;
        ScramKey stored_key{};
        ScramKey server_key{};
    };
    /// A client-final-message, taken apart.
    struct ClientFinal {
        Bytes nonce;
        ScramKey proof{};
        Bytes without_proof;
    };

    [[nodiscard]] ScramReply dispatch(Bytes message);
    [[nodiscard]] ScramReply read_client_first(Bytes message);
    [[nodiscard]] std::optional<ErrorReport> read_gs2_header(ScramReader& reader);
    [[nodiscard]] ScramReply read_client_final(Bytes message);
    [[nodiscard]] std::optional<ErrorReport> check_binding(Bytes value) const;
    [[nodiscard]] std::optional<ErrorReport> parse_client_final(Bytes message,
                                                                ClientFinal& parsed) const;
    void choose_salt();
    [[nodiscard]] std::vector<Candidate> make_candidates() const;
    [[nodiscard]] ScramReply verify(const ClientFinal& message) const;

    ScramServerOptions options_;
    std::string salt_;
    unsigned iterations_ = scram_default_iterations;
    State state_ = State::initial;
    bool binds_channel_ = false;  ///< the client chose SCRAM-SHA-256-PLUS
    char binding_flag_ = 'n';     ///< the first byte of its gs2-header
    std::string client_first_bare_;
    std::string server_first_;
    std::string nonce_;  ///< the client's and ours
};

}  // namespace pgweir::protocol
