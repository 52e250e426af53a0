#include "pool/session/server_session.hpp"

#include <algorithm>

#include "protocol/sql/custom_settings.hpp"

namespace pgweir::pool {

std::string_view ServerSession::at_login(std::string_view name) const {
    if (!reported_at_login) return {};
    const std::string* const reported_so = find_parameter(*reported_at_login, name);
    return reported_so != nullptr ? std::string_view(*reported_so) : std::string_view();
}

std::string_view ServerSession::value_at_login(std::string_view name) const {
    if (name == "role") return role_at_login();
    const std::string* const given = defaults ? defaults->find_given(name) : nullptr;
    return given != nullptr ? std::string_view(*given) : std::string_view();
}

std::vector<Parameter> ServerSession::custom_settings_at_login() const {
    if (!defaults) return {};
    std::vector<Parameter> custom = defaults->given;
    std::erase_if(custom, [](const Parameter& setting) {
        return !protocol::is_custom_setting_name(setting.first);
    });
    return custom;
}

}  // namespace pgweir::pool
