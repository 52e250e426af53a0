#include "pool/session/notification.hpp"

namespace pgweir::pool {

std::optional<Notification> parse_notification(Bytes body) {
    if (body.size() < 4) return std::nullopt;
    body.remove_prefix(4);  // the notifying server's process id
    const std::size_t channel_end = body.find('\0');
    if (channel_end == Bytes::npos) return std::nullopt;
    const Bytes rest = body.substr(channel_end + 1);
    return Notification{.channel = body.substr(0, channel_end),
                        .payload = rest.substr(0, rest.find('\0'))};
}

}  // namespace pgweir::pool
