// Checks that need more than one option.
#pragma once

#include <span>
#include <string>

#include "conf/config.hpp"
#include "conf/options/option_reader.hpp"

namespace pgweir::conf {

/// Whether a pool of `size` could never hold the connections that `min_pool_size` keeps; a size of
/// 0 is no limit.
[[nodiscard]] constexpr bool minimum_above(unsigned min_pool_size, unsigned size) {
    return size != 0 && min_pool_size > size;
}

/// The first of the addresses `listening` at which everybody who reaches it from the network could
/// be any user, although `config` does not allow that; nullptr if there is none.
[[nodiscard]] const ListenAddress* open_to_all(const Config& config,
                                               std::span<const ListenAddress> listening);
/// What is wrong with that, and what to do.
[[nodiscard]] std::string open_to_all_message(const ListenAddress& address);

/// Reports values that are right by themselves and wrong together: addresses used twice, pools
/// whose minimum is above their maximum, TLS without a key, a method without what it needs, a door
/// that is open to the network.
void check_together(const Config& config, const Origins& origins, Reporter& reporter);

/// Of these, only what is about who comes in: TLS and the method of authentication.
void check_access(const Config& config, const Origins& origins, Reporter& reporter);

}  // namespace pgweir::conf
