#include "daemon/auth/password_checker.hpp"

#include <openssl/crypto.h>
#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "protocol/auth/crypto.hpp"

namespace pgweir::daemon {

namespace {

using Clock = std::chrono::steady_clock;
using protocol::ScramVerifier;

constexpr std::size_t max_known = 10'000;
constexpr int rest_per_work = 3;
// Who leaves is looked for each time that an address has so many more waiting.
constexpr std::size_t look_for_leavers_every = 256;

}  // namespace

struct PasswordChecker::State {
    struct Job {
        Question question;
        std::function<void(Answer)> done;
    };

    void run();
    [[nodiscard]] std::optional<Job> next(std::unique_lock<std::mutex>& lock);
    [[nodiscard]] Answer compare(const Question& question, bool& worked);
    [[nodiscard]] protocol::ScramKey digest(const std::string& password,
                                            const ScramVerifier& verifier) const;
    [[nodiscard]] Answer recall(const std::string& password,
                                const std::vector<ScramVerifier>& verifiers);

    const std::string key = protocol::random_bytes(32);  ///< what is known is of use here only

    std::mutex mutex;  ///< guards what follows
    std::condition_variable changed;
    bool started = false;
    bool gone = false;  ///< the thread has ended, but for its last step
    bool ended = false;
    std::map<std::string, std::deque<Job>> waiting;  ///< by address; none is empty
    std::string latest;                              ///< whose turn it was
    std::set<protocol::ScramKey> known;              ///< digests of what was right
};

PasswordChecker::PasswordChecker() : state_(std::make_shared<State>()) {}

// After this nobody is called any more: `done` is called under the same mutex. A thread that rests
// ends at once, and what OpenSSL keeps for it goes with it; a comparison is not waited for.
PasswordChecker::~PasswordChecker() {
    constexpr std::chrono::milliseconds patience{100};
    std::unique_lock lock(state_->mutex);
    state_->ended = true;
    state_->waiting.clear();
    state_->changed.notify_all();
    if (state_->started) state_->changed.wait_for(lock, patience, [this] { return state_->gone; });
}

PasswordChecker::Answer PasswordChecker::recall(const std::string& password,
                                                const std::vector<ScramVerifier>& verifiers) const {
    return state_->recall(password, verifiers);
}

void PasswordChecker::ask(Question question, std::function<void(Answer)> done) {
    const std::lock_guard lock(state_->mutex);
    auto& queue = state_->waiting[question.address];
    queue.push_back({.question = std::move(question), .done = std::move(done)});
    if (queue.size() % look_for_leavers_every == 0) {
        std::erase_if(queue, [](const State::Job& job) { return job.question.asker.expired(); });
        if (queue.empty()) std::erase_if(state_->waiting, [](auto& w) { return w.second.empty(); });
    }
    if (!std::exchange(state_->started, true)) {
        // It has the state for itself, as it may outlive this object.
        std::thread([state = state_] {
            state->run();
            OPENSSL_thread_stop();
            const std::lock_guard gone(state->mutex);
            state->gone = true;
            state->changed.notify_all();
        }).detach();
    }
    state_->changed.notify_one();
}

void PasswordChecker::State::run() {
    pthread_setname_np(pthread_self(), "passwords");
    std::unique_lock lock(mutex);
    while (std::optional<Job> job = next(lock)) {
        lock.unlock();
        bool worked = false;
        const auto begun = Clock::now();
        const Answer answer = compare(job->question, worked);
        const auto took = Clock::now() - begun;
        protocol::wipe(job->question.password);
        lock.lock();
        if (ended) return;
        job->done(answer);
        job.reset();
        if (!worked || answer) continue;
        const auto rested = Clock::now() + rest_per_work * took;
        while (!ended && changed.wait_until(lock, rested) != std::cv_status::timeout) {
        }
    }
}

// The next address' oldest job; nothing at the end.
std::optional<PasswordChecker::State::Job> PasswordChecker::State::next(
    std::unique_lock<std::mutex>& lock) {
    while (!ended) {
        if (waiting.empty()) {
            changed.wait(lock);
            continue;
        }
        auto turn = waiting.upper_bound(latest);
        if (turn == waiting.end()) turn = waiting.begin();
        latest = turn->first;
        Job job = std::move(turn->second.front());
        turn->second.pop_front();
        if (turn->second.empty()) waiting.erase(turn);
        if (!job.question.asker.expired()) return job;
    }
    return std::nullopt;
}

PasswordChecker::Answer PasswordChecker::State::compare(const Question& question, bool& worked) {
    if (const Answer answer = recall(question.password, question.verifiers)) return answer;
    worked = true;
    for (std::size_t i = 0; i < question.verifiers.size(); ++i) {
        const ScramVerifier& verifier = question.verifiers[i];
        if (!protocol::matches_password(verifier, {}, question.password)) continue;
        const protocol::ScramKey right = digest(question.password, verifier);
        const std::lock_guard lock(mutex);
        if (known.size() >= max_known) known.clear();
        known.insert(right);
        return i;
    }
    return std::nullopt;
}

PasswordChecker::Answer PasswordChecker::State::recall(
    const std::string& password, const std::vector<ScramVerifier>& verifiers) {
    for (std::size_t i = 0; i < verifiers.size(); ++i) {
        const protocol::ScramKey asked = digest(password, verifiers[i]);
        const std::lock_guard lock(mutex);
        if (known.contains(asked)) return i;
    }
    return std::nullopt;
}

protocol::ScramKey PasswordChecker::State::digest(const std::string& password,
                                                  const ScramVerifier& verifier) const {
    std::string text = protocol::print_scram_verifier(verifier) + '\n' + password;
    const protocol::ScramKey made = protocol::hmac_sha256(key, text);
    protocol::wipe(text);
    return made;
}

}  // namespace pgweir::daemon
