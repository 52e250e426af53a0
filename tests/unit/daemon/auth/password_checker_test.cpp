#include "daemon/auth/password_checker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace pgweir::daemon {
namespace {

using namespace std::chrono_literals;
using Answer = PasswordChecker::Answer;

class PasswordCheckerTest : public testing::Test {
  protected:
    std::future<Answer> ask(const std::string& password, const std::string& address = "one") {
        auto promise = std::make_shared<std::promise<Answer>>();
        checker->ask(
            {.address = address, .password = password, .verifiers = verifiers, .asker = asker},
            [promise](Answer answer) { promise->set_value(answer); });
        return promise->get_future();
    }
    Answer answer_to(const std::string& password) {
        auto answer = ask(password);
        if (answer.wait_for(20s) != std::future_status::ready) {
            ADD_FAILURE() << "no answer";
            return std::nullopt;
        }
        return answer.get();
    }

    std::vector<protocol::ScramVerifier> verifiers{
        protocol::make_scram_verifier("first", "salt", 4096),
        protocol::make_scram_verifier("second", "salt", 4096)};
    std::shared_ptr<void> asker = std::make_shared<int>(0);
    std::unique_ptr<PasswordChecker> checker = std::make_unique<PasswordChecker>();
};

TEST_F(PasswordCheckerTest, TellsWhichVerifierFits) {
    EXPECT_EQ(answer_to("first"), 0U);
    EXPECT_EQ(answer_to("second"), 1U);
    EXPECT_EQ(answer_to("third"), std::nullopt);
    EXPECT_EQ(answer_to(""), std::nullopt);
}

TEST_F(PasswordCheckerTest, RecallsWhatWasRightAndNothingElse) {
    EXPECT_EQ(checker->recall("second", verifiers), std::nullopt);
    EXPECT_EQ(answer_to("second"), 1U);
    EXPECT_EQ(answer_to("wrong"), std::nullopt);
    EXPECT_EQ(checker->recall("second", verifiers), 1U);
    EXPECT_EQ(checker->recall("wrong", verifiers), std::nullopt);
    EXPECT_EQ(checker->recall("second", {verifiers[0]}), std::nullopt);
    verifiers[1] = protocol::make_scram_verifier("other", "salt", 4096);
    EXPECT_EQ(checker->recall("second", verifiers), std::nullopt);
}

TEST_F(PasswordCheckerTest, NobodyIsAnsweredWhoHasGone) {
    const auto busy = ask("wrong");
    auto gone = ask("first");
    asker = std::make_shared<int>(0);
    EXPECT_EQ(answer_to("second"), 1U);
    EXPECT_THROW(gone.get(), std::future_error);  // its callback is gone, uncalled
}

TEST_F(PasswordCheckerTest, EachAddressHasItsTurn) {
    std::vector<std::future<Answer>> crowd;
    crowd.reserve(200);
    for (int i = 0; i < 200; ++i) crowd.push_back(ask("wrong " + std::to_string(i), "crowd"));
    auto single = ask("first", "honest");
    ASSERT_EQ(single.wait_for(20s), std::future_status::ready);
    EXPECT_EQ(single.get(), 0U);
    EXPECT_NE(crowd.back().wait_for(0s), std::future_status::ready);
}

TEST_F(PasswordCheckerTest, ItsEndDoesNotWaitForAComparison) {
    verifiers = {{.iterations = 100'000'000, .salt = "salt"}};  // a minute or so
    const auto never = ask("wrong");
    const auto begun = std::chrono::steady_clock::now();
    checker.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

}  // namespace
}  // namespace pgweir::daemon
