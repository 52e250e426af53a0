#include "conf/option_change.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace pgweir::conf {

namespace {

// As check_together() has it, for what can be changed by hand.
bool minimum_above_maximum(const PoolOptions& options) {
    return options.default_pool_size != 0 && options.min_pool_size > options.default_pool_size;
}

}  // namespace

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
    const auto wrong = [](const Database& database) {
        return minimum_above_maximum(database.options);
    };
    if (minimum_above_maximum(changed->pool) || std::ranges::any_of(changed->databases, wrong)) {
        return Refusal{"min_pool_size would be above the size of a pool"};
    }
    return std::shared_ptr<const Config>(std::move(changed));
}

}  // namespace pgweir::conf
