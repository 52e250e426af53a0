// Random numbers that nobody can guess, a stock at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pgweir::daemon {

/// Numbers from OpenSSL's generator. It is asked for many at once: by itself each of them would
/// cost a fifth of what pgweir executes for a client that comes and goes.
///
/// Belongs to one thread.
class RandomBits {
  public:
    /// A number that was never given out before. Throws std::runtime_error where OpenSSL has none.
    [[nodiscard]] std::uint64_t next();

  private:
    std::array<std::uint64_t, 64> stock_{};
    std::size_t left_ = 0;
};

}  // namespace pgweir::daemon
