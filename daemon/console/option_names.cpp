#include "daemon/console/option_names.hpp"

#include <algorithm>

#include "conf/pgbouncer/setting_table.hpp"

namespace pgweir::daemon::console {

std::string_view console_name(const conf::Option& option) {
    using conf::pgbouncer::Section;
    using conf::pgbouncer::Setting;
    const auto settings = conf::pgbouncer::settings(Section::pgbouncer);
    const bool only_one = std::ranges::count(settings, option.path, &Setting::target) == 1;
    if (!only_one) return option.leaf();
    return std::ranges::find(settings, option.path, &Setting::target)->name;
}

const conf::Option* find_by_console_name(std::string_view name) {
    const auto options = conf::options();
    const auto found = std::ranges::find_if(options, [&](const conf::Option& option) {
        return option.path == name || console_name(option) == name;
    });
    return found == options.end() ? nullptr : &*found;
}

}  // namespace pgweir::daemon::console
