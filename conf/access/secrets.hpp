// References to what does not belong in a configuration file: ${VARIABLE} and file:/path.
#pragma once

#include <string>
#include <string_view>

#include "conf/result.hpp"

namespace pgweir::conf {

/// `text` with every `${VARIABLE}` replaced by that environment variable; `$${` stands for `${`.
/// What a variable holds is not looked at again. Reads the environment: not while another thread
/// changes it.
/// Errors: an unset variable (named), a malformed reference. Neither shows the rest of the text,
/// which may be a secret.
[[nodiscard]] Result<std::string> expand_variables(std::string_view text);

/// As expand_variables(); a result that starts with `file:/` in the configuration itself is
/// replaced by the content of that file (64 kB at most) without one trailing newline.
/// Errors: also an unreadable, too long or empty file, or one that holds a zero byte.
[[nodiscard]] Result<std::string> resolve_secret(std::string_view text);

/// True if the whole of `text` is one reference: what it refers to stands for the whole value.
[[nodiscard]] bool is_one_reference(std::string_view text);

}  // namespace pgweir::conf
