// Reading a whole small file.
#pragma once

#include <cstddef>
#include <string>

#include "conf/result.hpp"

namespace pgweir::conf {

/// No file that a configuration is read from may be longer.
inline constexpr std::size_t longest_file = 16U << 20U;

/// The bytes of the file at `path` (a regular file, or a pipe such as a shell's `<(...)`).
/// Blocks. Errors, worded to follow "cannot read X: ": it cannot be opened or read, it is a
/// folder, it is longer than `limit` bytes.
[[nodiscard]] Result<std::string> read_bounded_file(const std::string& path, std::size_t limit);

}  // namespace pgweir::conf
