// Checks that need more than one option.
#pragma once

#include "conf/config.hpp"
#include "conf/option_reader.hpp"

namespace pgweir::conf {

/// Reports values that are right by themselves and wrong together: addresses used twice, pools
/// whose minimum is above their maximum, TLS without a key, a method without what it needs.
void check_together(const Config& config, const Origins& origins, Reporter& reporter);

}  // namespace pgweir::conf
