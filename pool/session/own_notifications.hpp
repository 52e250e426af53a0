// The notifications that a client has sent itself, and the process id that it knows them by.
#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace pgweir::pool {

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
