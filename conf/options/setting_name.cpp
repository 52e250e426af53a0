#include "conf/options/setting_name.hpp"

#include <algorithm>

namespace pgweir::conf {
namespace {

constexpr std::string_view in_every_entry = "databases.*.";

std::span<const pgbouncer::Setting> global_settings() {
    return pgbouncer::settings(pgbouncer::Section::pgbouncer);
}

}  // namespace

std::string_view NamedSetting::keyword() const {
    if (setting == nullptr || !setting->target.starts_with(in_every_entry)) return {};
    return setting->target.substr(in_every_entry.size());
}

bool NamedSetting::by_pgbouncers_name() const {
    return setting != nullptr && setting->name == name;
}

const pgbouncer::Setting* pgbouncer_setting(const Option& option) {
    using pgbouncer::Setting;
    const auto settings = global_settings();
    const bool only_one = std::ranges::count(settings, option.path, &Setting::target) == 1;
    return only_one ? &*std::ranges::find(settings, option.path, &Setting::target) : nullptr;
}

std::string_view console_name(const Option& option) {
    const pgbouncer::Setting* const setting = pgbouncer_setting(option);
    return setting == nullptr ? option.leaf() : setting->name;
}

std::optional<NamedSetting> find_named_setting(std::string_view name) {
    if (const auto* const setting = pgbouncer::find_setting(pgbouncer::Section::pgbouncer, name)) {
        return NamedSetting{setting->name, setting, find_option(setting->target)};
    }
    const auto found = std::ranges::find_if(options(), [&](const Option& option) {
        return option.path == name || console_name(option) == name;
    });
    if (found == options().end()) return std::nullopt;
    return NamedSetting{found->path, pgbouncer_setting(*found), &*found};
}

std::vector<std::string_view> setting_names() {
    std::vector<std::string_view> names;
    for (const pgbouncer::Setting& setting : global_settings()) names.push_back(setting.name);
    for (const Option& option : options()) {
        if (pgbouncer_setting(option) == nullptr) names.push_back(option.leaf());
        names.push_back(option.path);
    }
    return names;
}

}  // namespace pgweir::conf
