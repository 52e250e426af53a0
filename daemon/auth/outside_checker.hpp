// Has passwords that came in clear judged by who is outside of pgweir: a directory (LDAP) or PAM.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "conf/access/ldap_options.hpp"

namespace pgweir::daemon {

/// What PAM is asked by, apart from the user and the password.
struct PamService {
    std::string name;
    std::string confdir;          ///< the folder of services; empty: the system's
    std::string remote_host;      ///< a numeric address; empty: this machine
    bool uses_host_name = false;  ///< the address is looked up
};

struct OutsideQuestion {
    using Clock = std::chrono::steady_clock;

    std::variant<conf::LdapOptions, PamService> judge;
    std::string user;
    std::string password;                                   ///< a secret, not empty
    Clock::time_point deadline = Clock::time_point::max();  ///< nobody waits any longer
};

struct OutsideAnswer {
    enum class Verdict : std::uint8_t {
        right,
        wrong,
        unknown,  ///< nobody has judged
    };
    Verdict verdict = Verdict::unknown;
    std::string reason;                  ///< one line for the log, without a secret; empty: right
    std::chrono::milliseconds delay{0};  ///< by which the judge wants a "no" held back
};

/// The libraries behind it block, for as long as a network or a module likes. Each judge (a PAM
/// service, the servers of an LdapOptions) has up to `most_threads` threads of its own, which are
/// started when they are needed and end when they rest: who hangs keeps nobody from another judge.
/// Where all threads of a judge are busy each address has its turn.
///
/// Thread-safe. Its end waits for nothing: what is being judged then is not answered.
class OutsideChecker {
  public:
    static constexpr unsigned most_threads = 8;
    /// Blocks.
    using Judge = std::function<OutsideAnswer(const OutsideQuestion&)>;
    using Done = std::function<void(OutsideAnswer)>;

    /// Asks libldap and libpam.
    OutsideChecker();
    /// For tests: `judge` is asked, on several threads.
    explicit OutsideChecker(Judge judge);
    ~OutsideChecker();
    OutsideChecker(const OutsideChecker&) = delete;
    OutsideChecker& operator=(const OutsideChecker&) = delete;

    /// `done` is called on a thread of the checker's, where it is to do no more than to post. It is
    /// not called when the deadline is over, nor when `asker` has gone. `address`: whose turn.
    void ask(OutsideQuestion question, std::string address, std::weak_ptr<void> asker, Done done);

  private:
    struct State;
    std::shared_ptr<State> state_;  ///< the threads' as well
};

}  // namespace pgweir::daemon
