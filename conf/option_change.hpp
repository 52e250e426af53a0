// One option of a running configuration changed by hand.
#pragma once

#include <memory>
#include <string_view>

#include "conf/config.hpp"
#include "conf/option_table.hpp"
#include "conf/result.hpp"

namespace pgweir::conf {

/// Whether it can be changed so: not what needs a restart, and not what decides who comes in, which
/// is to be read in the file.
[[nodiscard]] bool can_be_changed(const Option& option);

/// `config` with another global value. A database whose value is the same as the global one before
/// takes it over, as one that has none of its own does.
[[nodiscard]] Result<std::shared_ptr<const Config>> with_option(const Config& config,
                                                                const Option& option,
                                                                std::string_view text);

}  // namespace pgweir::conf
