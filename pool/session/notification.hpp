// A NotificationResponse (manual, "Message Formats").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// Its parts.
struct Notification {
    Bytes channel;
    Bytes payload;
};
/// Views into `body`; nothing for what is none.
[[nodiscard]] std::optional<Notification> parse_notification(Bytes body);

/// The process id in a NotificationResponse; 0 where it is none.
[[nodiscard]] inline std::uint32_t sender_of(std::string_view notification) {
    constexpr std::size_t smallest = protocol::header_size + sizeof(std::uint32_t);
    if (notification.size() < smallest) return 0;
    return protocol::read_uint32(notification.substr(protocol::header_size));
}

/// The same NotificationResponse with another process id.
[[nodiscard]] inline std::string with_sender(std::string_view notification, std::uint32_t pid) {
    std::string changed(notification);
    for (std::size_t i = 0; i < sizeof pid; ++i) {
        changed[protocol::header_size + i] = static_cast<char>(pid >> (24U - 8U * i) & 0xffU);
    }
    return changed;
}

}  // namespace pgweir::pool
