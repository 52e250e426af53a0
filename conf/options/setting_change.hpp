// One setting of a running configuration changed by hand.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "conf/config.hpp"
#include "conf/options/setting_name.hpp"
#include "conf/result.hpp"

namespace pgweir::conf {

/// Whether a value can be given to it while pgweir runs. What pgweir has no option for can: such a
/// value is read and has no effect.
[[nodiscard]] bool can_be_changed(const NamedSetting& named);

/// Whether a value of it may let somebody in who could not come in before: the method and the
/// secrets, TLS for clients, users of the console.
[[nodiscard]] bool decides_who_comes_in(const NamedSetting& named);

struct SettingChange {
    std::shared_ptr<const Config> config;
    std::string warning{};  ///< why the value has no effect; else empty
};

/// `config` with another value, for which can_be_changed() holds. By PgBouncer's name the value is
/// read as a pgbouncer.ini has it, else as pgweir's own file does; if it is none there, the other
/// way. A database whose value is the same as the global one before takes the new one over, as one
/// that has none of its own does; a keyword of libpq is changed in every database.
/// Blocks: a file that the value names is read.
/// Errors: the syntax, files that are not there, TLS or a method without what it needs.
[[nodiscard]] Result<SettingChange> with_setting(const Config& config, const NamedSetting& named,
                                                 std::string_view text);

/// A value of the option as a pgbouncer.ini has it, where PgBouncer knows the setting.
[[nodiscard]] std::string in_notation_of(const NamedSetting& named, std::string_view value);

/// The value that is in use, as a pgbouncer.ini has it where PgBouncer knows the setting. Of a
/// keyword of libpq: the one that all databases have; empty if they differ.
[[nodiscard]] std::string value_in_use(const Config& config, const NamedSetting& named);

}  // namespace pgweir::conf
