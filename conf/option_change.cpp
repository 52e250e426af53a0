#include "conf/option_change.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "conf/cross_checks.hpp"

namespace pgweir::conf {

bool can_be_changed(const Option& option) {
    constexpr std::array<std::string_view, 4> sections{"pool", "limits", "timeouts", "log"};
    const bool of_these = std::ranges::find(sections, option.section()) != sections.end();
    return (of_these || option.path == "console.stats_period") &&
           option.reload == Reload::applies && !option.secret && !option.is_list();
}

Result<std::shared_ptr<const Config>> with_option(const Config& config, const Option& option,
                                                  std::string_view text) {
    const Result<Value> value = parse_value(option, text);
    if (!value) return Refusal{value.error().message};
    auto changed = std::make_shared<Config>(config);
    const Value before = get(option, config);
    set(option, *changed, *value);
    if (option.per_database) {
        for (Database& database : changed->databases) {
            if (get(option, database.options) == before) set(option, database.options, *value);
        }
    }
    // Of what check_together() looks at, all that can be changed by hand.
    const auto wrong = [](const PoolOptions& options) {
        return minimum_above(options.min_pool_size, options.default_pool_size);
    };
    if (wrong(changed->pool) ||
        std::ranges::any_of(changed->databases, wrong, &Database::options)) {
        return Refusal{"min_pool_size would be above the size of a pool"};
    }
    return std::shared_ptr<const Config>(std::move(changed));
}

}  // namespace pgweir::conf
