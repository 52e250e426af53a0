// Compares passwords that came in clear with SCRAM verifiers, which takes time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/auth/secret.hpp"

namespace pgweir::daemon {

/// A comparison costs as many iterations of PBKDF2 as its verifier says: milliseconds, or seconds.
/// It is done on a thread of its own, so that no worker waits for it. After a wrong password the
/// thread rests three times as long as the comparison took: guesses get a quarter of a core at
/// most, and each address its turn. A password that was right is known again at once, as long as
/// the process runs.
///
/// Thread-safe. Its end waits for nothing: what is being compared then is not answered.
class PasswordChecker {
  public:
    struct Question {
        std::string address;  ///< who asks; each has its turn
        std::string password;
        std::vector<protocol::ScramVerifier> verifiers;
        std::weak_ptr<void> asker;  ///< once it is gone nobody wants to know
    };
    /// Which verifier fits; nothing: none.
    using Answer = std::optional<std::size_t>;

    PasswordChecker();
    ~PasswordChecker();
    PasswordChecker(const PasswordChecker&) = delete;
    PasswordChecker& operator=(const PasswordChecker&) = delete;

    /// The one of these verifiers that this password was right for before.
    [[nodiscard]] Answer recall(const std::string& password,
                                const std::vector<protocol::ScramVerifier>& verifiers) const;
    /// `done` is called on the checker's thread, where it is to do no more than to post. It is not
    /// called when the asker has gone.
    void ask(Question question, std::function<void(Answer)> done);

  private:
    struct State;
    std::shared_ptr<State> state_;  ///< the thread's as well
};

}  // namespace pgweir::daemon
