#include "pool/session/request_text.hpp"

#include <algorithm>

#include "protocol/wire/extended_query.hpp"

namespace pgweir::pool {

using protocol::Frontend;
using protocol::Step;

Bytes text_of(const Step& step) {
    const auto type = static_cast<Frontend>(step.type);
    Bytes text = step.body;
    if (type == Frontend::parse) {
        text.remove_prefix(std::min(text.find('\0') + 1, text.size()));
    } else if (type != Frontend::query) {
        return {};
    }
    return text.substr(0, text.find('\0'));
}

Bytes text_to_run(const Step& step, const TenantSession& client) {
    if (static_cast<Frontend>(step.type) != Frontend::bind) return text_of(step);
    const auto bind = protocol::parse_bind_head(step.body);
    const ClientStatement* const own = bind ? client.statements.find(bind->statement) : nullptr;
    return own != nullptr ? Bytes(own->statement->query()) : Bytes();
}

}  // namespace pgweir::pool
