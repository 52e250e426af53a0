// Timeouts without a timer each.
#pragma once

#include <boost/intrusive/list.hpp>
#include <chrono>
#include <map>

namespace pgweir::pool {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Something that is to happen unless it is cancelled first. Lives inside its owner and leaves its
/// list when it is destroyed.
class Deadline : public boost::intrusive::list_base_hook<
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual ~Deadline() = default;
    Deadline() = default;
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    [[nodiscard]] bool is_set() const { return is_linked(); }
    void cancel() {
        if (is_linked()) unlink();
    }

  private:
    friend class Deadlines;
    /// Called once, after the deadline has left its list. Must not throw; may set itself again and
    /// may destroy its owner.
    virtual void expired() = 0;

    Clock::time_point at_;
};

/// A deadline that calls a member function of its owner.
template <typename Owner, void (Owner::*method)()>
class DeadlineOf : public Deadline {
  public:
    explicit DeadlineOf(Owner& owner) : owner_(owner) {}

  private:
    void expired() override { (owner_.*method)(); }
    Owner& owner_;
};

/// All deadlines of one worker: a list for each duration, in which the entries are in order by
/// construction, so that setting and cancelling cost a few pointers. Sweeping looks at the front of
/// each list only. As exact as the tick that sweeps. Touch only from its worker.
class Deadlines {
  public:
    /// Sets `deadline` to expire `after` from `now`; `after` 0 means never, and cancels.
    void set(Deadline& deadline, milliseconds after, Clock::time_point now);

    /// Expires all that is due at `now`.
    void sweep(Clock::time_point now);

  private:
    using List = boost::intrusive::list<Deadline, boost::intrusive::constant_time_size<false>>;
    std::map<milliseconds, List> lists_;
};

}  // namespace pgweir::pool
