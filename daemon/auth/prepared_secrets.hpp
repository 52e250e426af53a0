// What clients' SCRAM answers are checked against, where the configuration has plain passwords.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "protocol/auth/secret.hpp"

namespace pgweir::daemon {

/// Verifiers made of plain passwords: making one takes a millisecond, checking against it a few
/// microseconds, which is what an unknown user costs too. Thread-safe; bounded.
class PreparedSecrets {
  public:
    /// `secrets` with a verifier in place of each plain password, in the same order. All have the
    /// same salt where none is stored as a verifier, so that one exchange can check them all.
    [[nodiscard]] std::vector<protocol::Secret> verifiers(
        const std::string& user, const std::vector<protocol::Secret>& secrets);

  private:
    struct Entry {
        std::vector<protocol::Secret> from;
        std::vector<protocol::Secret> made;
    };
    static constexpr std::size_t max_known = 10'000;

    std::mutex mutex_;  ///< guards what follows
    std::map<std::string, Entry> known_;
};

}  // namespace pgweir::daemon
