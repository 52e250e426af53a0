// What both sides of SCRAM-SHA-256 share (RFC 5802, 7677; channel binding tls-server-end-point,
// RFC 5929).
#pragma once

#include <string>
#include <string_view>

#include "protocol/auth/secret.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

inline constexpr std::string_view scram_sha_256 = "SCRAM-SHA-256";
inline constexpr std::string_view scram_sha_256_plus = "SCRAM-SHA-256-PLUS";
/// The gs2-header of a client that binds the channel; the only type that PostgreSQL knows.
inline constexpr std::string_view scram_plus_header = "p=tls-server-end-point,,";

/// 18 random bytes in base64, as PostgreSQL's nonces.
[[nodiscard]] std::string make_scram_nonce();

/// RFC 5802's "printable": visible ASCII without the comma.
[[nodiscard]] bool is_scram_printable(std::string_view text);

/// PostgreSQL's error for what does not follow the grammar.
[[nodiscard]] ErrorReport malformed_scram(std::string detail);

/// A byte as PostgreSQL shows it in the details of that error: 'x' in quotes or 0x07.
[[nodiscard]] std::string show_byte(char byte);

/// HMAC(key, message), XORed with `other`: a proof made of a key, or the key found in a proof.
[[nodiscard]] ScramKey xor_signature(const ScramKey& key, Bytes message, const ScramKey& other);

/// Reads `a=value` pairs with commas between them from the front of a message. Whatever is not
/// there ends in an explanation, worded as PostgreSQL's errdetail.
class ScramReader {
  public:
    explicit ScramReader(Bytes message) : rest_(message) {}

    [[nodiscard]] Bytes rest() const { return rest_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    /// The next byte; a zero byte at the end.
    [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
    void skip() { rest_.remove_prefix(1); }

    /// The value of this attribute, which has to come next. False: see detail().
    [[nodiscard]] bool read(char attribute, Bytes& value);
    /// The next attribute, whichever it is. False: see detail().
    [[nodiscard]] bool read_any(char& attribute, Bytes& value);
    [[nodiscard]] const std::string& detail() const { return detail_; }

  private:
    [[nodiscard]] bool read_value(char attribute, Bytes& value);

    Bytes rest_;
    std::string detail_;
};

}  // namespace pgweir::protocol
