// A brake on guessing passwords.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace pgweir::daemon {

/// Counts failed logins of one user from one address: the answer to each is delayed, every time
/// twice as long, and after too many in a row the next ones are refused unheard for a while.
///
/// Shared by all workers; asked at logins only. Its memory is bounded: an attacker who changes
/// names pushes his own entries out.
class LoginBrake {
  public:
    using Clock = std::chrono::steady_clock;
    using milliseconds = std::chrono::milliseconds;

    /// From the configuration's section `auth`.
    struct Rules {
        unsigned failure_limit = 10;    ///< failures in a row before the door is shut; 0: never
        milliseconds failure_delay{0};  ///< of the answer to the first failure; 0: none
        milliseconds failure_block{0};  ///< how long the door is shut
    };

    /// No answer is delayed longer than this: a client that waits holds a descriptor.
    static constexpr milliseconds max_delay{5000};
    static constexpr std::size_t max_entries = 10'000;

    /// How long this user's logins from this address are still refused; std::nullopt: they are not.
    [[nodiscard]] std::optional<milliseconds> blocked_for(std::string_view address,
                                                          std::string_view user,
                                                          Clock::time_point now);

    struct Failure {
        milliseconds delay;  ///< of the answer
        bool blocks;         ///< this was the last one that is heard
    };
    /// A login has failed.
    [[nodiscard]] Failure failed(std::string_view address, std::string_view user,
                                 const Rules& rules, Clock::time_point now);
    /// A login has succeeded: what failed before is forgotten.
    void succeeded(std::string_view address, std::string_view user);

  private:
    using Key = std::pair<std::string, std::string>;
    struct Entry {
        unsigned failures = 0;
        Clock::time_point forget_at;
        std::optional<Clock::time_point> blocked_until;
    };

    void make_room(Clock::time_point now);

    std::mutex mutex_;  ///< guards what follows
    std::map<Key, Entry> entries_;
};

}  // namespace pgweir::daemon
