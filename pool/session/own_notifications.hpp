// The notifications that a client has sent itself, and the process id that it knows them by.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

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

/// What a client's servers have heard of themselves while the client had them. The hub hears the
/// same, in the same order; but it cannot tell who had the server then.
class OwnNotifications {
  public:
    /// A server of the client's has heard this from itself (a whole message).
    void heard(std::string_view notification) {
        heard_.emplace_back(notification);
        if (heard_.size() > most) heard_.pop_front();
    }
    /// Whether this one, about to be given to the client, is one of them. Those before it will not
    /// come any more.
    [[nodiscard]] bool take(std::string_view notification) {
        for (std::size_t i = 0; i < heard_.size(); ++i) {
            if (heard_[i] != notification) continue;
            heard_.erase(heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
            return true;
        }
        return false;
    }

  private:
    static constexpr std::size_t most = 10'000;
    std::deque<std::string> heard_;
};

}  // namespace pgweir::pool
