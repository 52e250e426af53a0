#include "daemon/auth/outside_checker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace pgweir::daemon {
namespace {

using namespace std::chrono_literals;
using Verdict = OutsideAnswer::Verdict;

/// A judge who lets nobody go on before open() where the service is "stuck", nor "hangs". It
/// outlives the threads that ask it.
struct Judge {
    OutsideAnswer operator()(const OutsideQuestion& question) {
        std::unique_lock lock(mutex);
        asked.push_back(question.user);
        changed.notify_all();
        const bool is_stuck = std::get<PamService>(question.judge).name == "stuck";
        if (is_stuck || question.user == "hangs") {
            changed.wait(lock, [this] { return is_open; });
        }
        return {.verdict = question.password == "right" ? Verdict::right : Verdict::wrong};
    }
    void open() {
        const std::lock_guard lock(mutex);
        is_open = true;
        changed.notify_all();
    }
    bool has_been_asked(std::size_t times) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 20s, [&] { return asked.size() >= times; });
    }

    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = false;
    std::vector<std::string> asked;
};

class OutsideCheckerTest : public testing::Test {
  protected:
    using Future = std::future<OutsideAnswer>;

    Future ask(
        const std::string& service, const std::string& user, const std::string& password,
        const std::string& address = "one",
        OutsideQuestion::Clock::time_point deadline = OutsideQuestion::Clock::time_point::max()) {
        auto promise = std::make_shared<std::promise<OutsideAnswer>>();
        checker->ask({.judge = PamService{.name = service},
                      .user = user,
                      .password = password,
                      .deadline = deadline},
                     address, asker,
                     [promise](OutsideAnswer answer) { promise->set_value(std::move(answer)); });
        return promise->get_future();
    }
    static Verdict verdict_of(Future answer) {
        if (answer.wait_for(20s) == std::future_status::ready) return answer.get().verdict;
        ADD_FAILURE() << "no answer";
        return Verdict::unknown;
    }
    void TearDown() override { judge->open(); }

    std::shared_ptr<void> asker = std::make_shared<int>(0);
    std::shared_ptr<Judge> judge = std::make_shared<Judge>();
    std::unique_ptr<OutsideChecker> checker = std::make_unique<OutsideChecker>(
        [judge = judge](const OutsideQuestion& question) { return (*judge)(question); });
};

TEST_F(OutsideCheckerTest, PassesOnWhatTheJudgeSays) {
    EXPECT_EQ(verdict_of(ask("quick", "ann", "right")), Verdict::right);
    EXPECT_EQ(verdict_of(ask("quick", "ann", "other")), Verdict::wrong);
}

TEST_F(OutsideCheckerTest, AJudgeThatHangsKeepsNobodyFromAnother) {
    std::vector<Future> stuck;
    for (unsigned i = 0; i < 3 * OutsideChecker::most_threads; ++i) {
        stuck.push_back(ask("stuck", "ann", "right"));
    }
    EXPECT_EQ(verdict_of(ask("quick", "bob", "right")), Verdict::right);
    judge->open();
    for (auto& answer : stuck) EXPECT_EQ(verdict_of(std::move(answer)), Verdict::right);
}

TEST_F(OutsideCheckerTest, WhoHangsKeepsNobodyFromTheSameJudgeWhileItHasThreads) {
    std::vector<Future> stuck;
    for (unsigned i = 1; i < OutsideChecker::most_threads; ++i) {
        EXPECT_EQ(verdict_of(ask("one", "bob", "right")), Verdict::right);  // a thread rests now
        stuck.push_back(ask("one", "hangs", "right"));
        EXPECT_EQ(verdict_of(ask("one", "bob", "right")), Verdict::right);
    }
    judge->open();
    for (auto& answer : stuck) EXPECT_EQ(verdict_of(std::move(answer)), Verdict::right);
}

TEST_F(OutsideCheckerTest, AJudgeHasAFewThreadsAndEachAddressItsTurn) {
    std::vector<Future> answers;
    for (unsigned i = 0; i < OutsideChecker::most_threads; ++i) {
        answers.push_back(ask("stuck", "first", "right"));
    }
    ASSERT_TRUE(judge->has_been_asked(OutsideChecker::most_threads));
    for (unsigned i = 0; i < 20; ++i) answers.push_back(ask("stuck", "crowd", "right", "crowd"));
    answers.push_back(ask("stuck", "single", "right", "single"));
    judge->open();
    for (auto& answer : answers) EXPECT_EQ(verdict_of(std::move(answer)), Verdict::right);
    const auto found = std::ranges::find(judge->asked, "single");
    EXPECT_LE(found - judge->asked.begin(), 2 * OutsideChecker::most_threads);
}

TEST_F(OutsideCheckerTest, NobodyIsAnsweredWhoHasGoneOrWhoseTimeIsOver) {
    std::vector<Future> busy;
    for (unsigned i = 0; i < OutsideChecker::most_threads; ++i) {
        busy.push_back(ask("stuck", "ann", "right"));
    }
    ASSERT_TRUE(judge->has_been_asked(OutsideChecker::most_threads));
    auto late = ask("stuck", "late", "right", "one", OutsideQuestion::Clock::now());
    asker = std::make_shared<int>(0);
    auto last = ask("stuck", "last", "right");
    judge->open();
    EXPECT_EQ(verdict_of(std::move(last)), Verdict::right);
    EXPECT_THROW(late.get(), std::future_error);  // what would have answered is gone
    for (auto& answer : busy) EXPECT_THROW(answer.get(), std::future_error);
    EXPECT_EQ(std::ranges::find(judge->asked, "late"), judge->asked.end());
}

TEST_F(OutsideCheckerTest, ItsEndWaitsForNoJudge) {
    auto answer = ask("stuck", "ann", "right");
    ASSERT_TRUE(judge->has_been_asked(1));
    const auto begun = std::chrono::steady_clock::now();
    checker.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
}

}  // namespace
}  // namespace pgweir::daemon
