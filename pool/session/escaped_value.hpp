// Values in answers to pgweir's own questions, as bytes of the server's encoding whatever
// client_encoding says.
#pragma once

#include <string>
#include <string_view>

namespace pgweir::pool {

/// An SQL expression of type text for the value of `expression`: bytes that are not ASCII, and
/// backslashes, come as octal escapes.
[[nodiscard]] std::string escaped(std::string_view expression);

/// The bytes that such a value stands for. Total: a broken escape is passed over.
[[nodiscard]] std::string unescape(std::string_view text);

}  // namespace pgweir::pool
