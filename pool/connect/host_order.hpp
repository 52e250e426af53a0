// Which of several hosts a connection tries first.
#pragma once

#include <cstdint>

#include "pool/connect/keywords.hpp"

namespace pgweir::pool {

/// The keywords with the lists of `host`, `hostaddr` and `port` turned so that the host with this
/// number, counted round, is the first; the others follow in their order. A list with one element
/// stands for all hosts, and stays.
[[nodiscard]] Keywords beginning_with(Keywords keywords, std::uint64_t number);

}  // namespace pgweir::pool
