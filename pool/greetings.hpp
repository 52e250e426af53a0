// What a pool's server says of itself to a client that logs in.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pool/session_settings.hpp"

namespace pgweir::pool {

/// The ParameterStatus values of a greeting, in the server's order.
using Greeting = std::shared_ptr<const std::vector<Parameter>>;

/// Remembers the greeting that a server gave for some start-up settings, so that the next client
/// with the same ones logs in without a server: also when all of them are busy. Shared by all
/// workers; thread-safe; asked at logins only.
class Greetings {
  public:
    /// The greeting for these settings, or null. An application_name of plain characters needs not
    /// have been seen before: PostgreSQL reports it as it is given.
    [[nodiscard]] Greeting find(const SessionSettings& settings) const;
    void remember(const SessionSettings& settings, const std::vector<Parameter>& reported);
    /// A connection has been made: when its server reports other values than the last one did, it
    /// is another server, or another configuration of it, and all that was known is forgotten.
    void note_login(const std::vector<Parameter>& reported);
    void forget();

  private:
    /// Start-up settings are the client's choice, so that their number is bounded.
    static constexpr std::size_t most = 256;

    mutable std::mutex mutex_;  ///< guards what follows
    std::map<std::vector<Parameter>, Greeting> known_;
    std::vector<Parameter> at_login_;
};

}  // namespace pgweir::pool
