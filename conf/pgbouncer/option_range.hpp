// Numbers that PgBouncer takes and an option does not.
#pragma once

#include "conf/options/option_table.hpp"
#include "conf/pgbouncer/setting_values.hpp"

namespace pgweir::conf::pgbouncer {

/// `value` where the option takes it. A number or duration out of the option's range becomes the
/// nearest one in it, with a remark: PgBouncer starts with any.
[[nodiscard]] Converted within_range(const Option& option, Converted value);

}  // namespace pgweir::conf::pgbouncer
