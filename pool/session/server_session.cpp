#include "pool/session/server_session.hpp"

#include <algorithm>

namespace pgweir::pool {

std::string_view ServerSession::at_login(std::string_view name) const {
    if (!reported_at_login) return {};
    const auto found = std::ranges::find(*reported_at_login, name, &Parameter::first);
    return found != reported_at_login->end() ? std::string_view(found->second) : std::string_view();
}

}  // namespace pgweir::pool
