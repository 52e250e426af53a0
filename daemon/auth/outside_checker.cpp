#include "daemon/auth/outside_checker.hpp"

#include <openssl/crypto.h>
#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/auth/ldap_check.hpp"
#include "daemon/auth/pam_check.hpp"
#include "protocol/auth/crypto.hpp"

namespace pgweir::daemon {

namespace {

using Clock = OutsideQuestion::Clock;

/// How long a thread without work stays.
constexpr std::chrono::seconds rest{10};
/// Who has left is looked for each time that so many have been added.
constexpr std::size_t drop_leavers_every = 256;

OutsideAnswer ask_library(const OutsideQuestion& question) {
    if (const auto* const options = std::get_if<conf::LdapOptions>(&question.judge)) {
        return check_by_ldap(*options, question);
    }
    return check_by_pam(std::get<PamService>(question.judge), question);
}

// What hangs together.
std::string name_of(const OutsideQuestion& question) {
    if (const auto* const options = std::get_if<conf::LdapOptions>(&question.judge)) {
        return "ldap " + options->server + ' ' + std::to_string(options->port) + ' ' +
               (options->server.empty() ? options->base_dn.value_or("") : "");
    }
    return "pam " + std::get<PamService>(question.judge).name;
}

}  // namespace

struct OutsideChecker::State {
    struct Job {
        OutsideQuestion question;
        std::weak_ptr<void> asker;
        Done done;

        [[nodiscard]] bool is_wanted() const {
            return !asker.expired() && Clock::now() < question.deadline;
        }
    };
    /// The work of one judge. Its threads keep it.
    struct Lane {
        std::map<std::string, std::deque<Job>> waiting;  ///< by address; none is empty
        std::string latest;                              ///< whose turn it was
        std::size_t queued = 0;                          ///< in `waiting`
        unsigned threads = 0;
        unsigned resting = 0;
        std::size_t added = 0;
        std::condition_variable changed;
    };

    explicit State(Judge judge_) : judge(std::move(judge_)) {}

    void run(const std::string& name);
    void work(Lane& lane, std::unique_lock<std::mutex>& lock);
    [[nodiscard]] std::optional<Job> next(Lane& lane, std::unique_lock<std::mutex>& lock);
    [[nodiscard]] static std::optional<Job> take(Lane& lane);
    static void drop_leavers(Lane& lane);

    const Judge judge;
    std::mutex mutex;  ///< guards what follows
    bool ended = false;
    unsigned threads = 0;
    std::condition_variable thread_has_gone;
    std::map<std::string, Lane> lanes;
};

OutsideChecker::OutsideChecker() : OutsideChecker(ask_library) {}

OutsideChecker::OutsideChecker(Judge judge) : state_(std::make_shared<State>(std::move(judge))) {}

// After this nobody is called any more: `done` is called under the same mutex. Threads that rest
// end at once; who is being judged is not waited for.
OutsideChecker::~OutsideChecker() {
    constexpr std::chrono::milliseconds patience{100};
    std::unique_lock lock(state_->mutex);
    state_->ended = true;
    for (auto& [name, lane] : state_->lanes) {
        lane.waiting.clear();
        lane.changed.notify_all();
    }
    state_->thread_has_gone.wait_for(lock, patience, [this] { return state_->threads == 0; });
}

void OutsideChecker::ask(OutsideQuestion question, std::string address, std::weak_ptr<void> asker,
                         Done done) {
    const std::string name = name_of(question);
    const std::lock_guard lock(state_->mutex);
    State::Lane& lane = state_->lanes[name];
    lane.waiting[std::move(address)].push_back(
        {.question = std::move(question), .asker = std::move(asker), .done = std::move(done)});
    ++lane.queued;
    if (++lane.added % drop_leavers_every == 0) State::drop_leavers(lane);
    // A thread that was woken for another job still counts as one that rests.
    if (lane.queued > lane.resting && lane.threads < most_threads) {
        try {
            // It has the state for itself, as it may outlive this object.
            std::thread([state = state_, name] { state->run(name); }).detach();
            ++lane.threads;
            ++state_->threads;
        } catch (const std::system_error&) {
            // One of those that are there takes it; without any, the next that asks tries again.
        }
    }
    lane.changed.notify_one();
}

void OutsideChecker::State::run(const std::string& name) {
    pthread_setname_np(pthread_self(), "outside");
    {
        std::unique_lock lock(mutex);
        const auto lane = lanes.find(name);
        work(lane->second, lock);
        if (--lane->second.threads == 0) lanes.erase(lane);
    }
    OPENSSL_thread_stop();
    const std::lock_guard lock(mutex);
    --threads;
    thread_has_gone.notify_all();
}

void OutsideChecker::State::work(Lane& lane, std::unique_lock<std::mutex>& lock) {
    while (std::optional<Job> job = next(lane, lock)) {
        lock.unlock();
        OutsideAnswer answer = judge(job->question);
        protocol::wipe(job->question.password);
        lock.lock();
        if (!ended && job->is_wanted()) job->done(std::move(answer));
    }
}

// Nothing: the thread has rested long enough, or all is over.
std::optional<OutsideChecker::State::Job> OutsideChecker::State::next(
    Lane& lane, std::unique_lock<std::mutex>& lock) {
    const auto until = Clock::now() + rest;
    while (!ended) {
        if (auto job = take(lane)) return job;
        ++lane.resting;
        const auto woken = lane.changed.wait_until(lock, until);
        --lane.resting;
        if (woken == std::cv_status::timeout && lane.waiting.empty()) break;
    }
    return std::nullopt;
}

// The next address' oldest job.
std::optional<OutsideChecker::State::Job> OutsideChecker::State::take(Lane& lane) {
    while (!lane.waiting.empty()) {
        auto turn = lane.waiting.upper_bound(lane.latest);
        if (turn == lane.waiting.end()) turn = lane.waiting.begin();
        lane.latest = turn->first;
        Job job = std::move(turn->second.front());
        turn->second.pop_front();
        --lane.queued;
        if (turn->second.empty()) lane.waiting.erase(turn);
        if (job.is_wanted()) return job;
        protocol::wipe(job.question.password);
    }
    return std::nullopt;
}

void OutsideChecker::State::drop_leavers(Lane& lane) {
    for (auto& [address, queue] : lane.waiting) {
        lane.queued -= std::erase_if(queue, [](const Job& job) { return !job.is_wanted(); });
    }
    std::erase_if(lane.waiting, [](const auto& waiting) { return waiting.second.empty(); });
}

}  // namespace pgweir::daemon
