// Which of several known secrets of a server's user to log in with.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "pool/connect/server_credentials.hpp"

namespace pgweir::pool {

using CredentialsPtr = std::shared_ptr<const ServerCredentials>;

/// What clients have shown and the configuration has, of which a server accepts some: one client's
/// password may be an old one. What a server has accepted last comes first, and stays until it
/// accepts another.
///
/// Thread-safe.
class CredentialChoice {
  public:
    /// Adds what is not known yet: all that was offered before and never accepted goes behind it.
    /// True: there is something new to try.
    bool offer(const std::vector<CredentialsPtr>& offered);
    /// In the order to be tried; empty: there are none.
    [[nodiscard]] std::vector<CredentialsPtr> in_order() const;
    /// A server has let in whoever showed these.
    void accepted(const CredentialsPtr& credentials);

  private:
    /// Each is tried at each login while none is right: clients must not make them many.
    static constexpr std::size_t most = 8;

    mutable std::mutex mutex_;           ///< guards what follows
    std::vector<CredentialsPtr> known_;  ///< the accepted one first, then the newest
    bool has_accepted_ = false;          ///< the first was accepted
};

}  // namespace pgweir::pool
