// What a pool's server says of itself to a client that logs in.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pool/io/deadlines.hpp"
#include "pool/session/login_defaults.hpp"
#include "pool/session/session_settings.hpp"

namespace pgweir::pool {

/// What a session that sets nothing begins with. Either may be null: not known.
struct Beginning {
    Greeting reported;
    LoginDefaultsPtr defaults;
};

/// Remembers the greeting that a server gave for some start-up settings, so that the next client
/// with the same ones logs in without a server: also when all of them are busy. Shared by all
/// workers; thread-safe; asked at logins only.
class Greetings {
  public:
    /// The greeting for these settings, or null. An application_name of plain characters needs not
    /// have been seen before: PostgreSQL reports it as it is given.
    /// `beginning`, where there is a greeting: what such a session begins with.
    [[nodiscard]] Greeting find(const SessionSettings& settings,
                                Beginning* beginning = nullptr) const;
    void remember(const SessionSettings& settings, const std::vector<Parameter>& reported);
    /// What sessions of a server begin with has been heard from it: when that is something else
    /// than before, it is another server, or another configuration of it, and all that was known is
    /// forgotten. Returns `reported`, as one object for as long as it stays the same.
    Greeting note_login(const std::vector<Parameter>& reported,
                        const LoginDefaultsPtr& defaults = nullptr,
                        Clock::time_point now = Clock::now());
    /// One object for equal ones, as far as anybody has it.
    [[nodiscard]] LoginDefaultsPtr intern(std::shared_ptr<LoginDefaults> defaults);
    void forget();
    /// Of the latest login; null: not known.
    [[nodiscard]] LoginDefaultsPtr defaults() const;
    /// When a server has last confirmed what is known.
    [[nodiscard]] Clock::time_point confirmed_at() const;
    /// True for one caller each `interval`, who then has a server asked whether it still holds.
    [[nodiscard]] bool claim_check(Clock::time_point now, milliseconds interval);

  private:
    /// Start-up settings are the client's choice, so that their number is bounded.
    static constexpr std::size_t most = 256;

    mutable std::mutex mutex_;  ///< guards what follows
    std::map<std::vector<Parameter>, Greeting> known_;
    Beginning at_login_;
    Clock::time_point confirmed_at_;
    Clock::time_point checked_at_;
    std::vector<std::weak_ptr<const LoginDefaults>> interned_;
};

}  // namespace pgweir::pool
