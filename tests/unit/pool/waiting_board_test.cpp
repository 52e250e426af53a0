// What workers see of each other, one after the other and at the same moment.
#include "pool/lending/waiting_board.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <thread>

#include "pool/lending/budget.hpp"

namespace pgweir::pool {
namespace {

constexpr Clock::time_point begin{std::chrono::hours(1)};

Clock::time_point at(int ms) {
    return begin + milliseconds(ms);
}

TEST(WaitingBoard, AnEmptyOneHasNothingAndNobody) {
    WaitingBoard board(3);
    EXPECT_FALSE(board.has_waiting());
    EXPECT_FALSE(board.is_waiting(1));
    EXPECT_EQ(board.oldest_waiting(), std::nullopt);
    EXPECT_EQ(board.longest_waiting(0, std::nullopt), std::nullopt);
    EXPECT_EQ(board.any_idle(), std::nullopt);
    EXPECT_FALSE(board.take_claim());
}

TEST(WaitingBoard, TheWorkerWhoseClientWaitsLongestIsFound) {
    WaitingBoard board(3);
    board.publish_waiting(0, at(1));
    board.publish_waiting(1, at(3));
    board.publish_waiting(2, at(2));
    EXPECT_EQ(board.oldest_waiting(), at(1));
    EXPECT_EQ(board.longest_waiting(1, std::nullopt), 0U);
    EXPECT_EQ(board.longest_waiting(0, std::nullopt), 2U) << "not the one that asks";
    EXPECT_EQ(board.longest_waiting(0, at(2)), std::nullopt) << "as long is not longer";
    EXPECT_EQ(board.longest_waiting(0, at(3)), 2U);
    board.publish_waiting(0, std::nullopt);
    board.publish_waiting(2, std::nullopt);
    EXPECT_EQ(board.oldest_waiting(), at(3));
    EXPECT_TRUE(board.is_waiting(1));
    EXPECT_FALSE(board.is_waiting(0));
}

TEST(WaitingBoard, AnIdleServerIsFoundElsewhereAndNotAtHome) {
    WaitingBoard board(2);
    board.publish_waiting(0, at(0));
    EXPECT_EQ(board.idle_elsewhere(0), std::nullopt);
    EXPECT_EQ(board.offer_idle(1, 1), 0U);
    EXPECT_EQ(board.idle_elsewhere(0), 1U);
    EXPECT_EQ(board.any_idle(), 1U);
    board.publish_idle(1, 0);
    EXPECT_EQ(board.offer_idle(0, 1), std::nullopt) << "its own client is its own affair";
    EXPECT_EQ(board.idle_elsewhere(0), std::nullopt);
    EXPECT_EQ(board.any_idle(), 0U);
}

TEST(WaitingBoard, EachThatWaitsForAConnectionOfItsOwnIsOwedOneServer) {
    WaitingBoard board(2);
    board.publish_dedicated_waiting(0, 1);
    board.publish_dedicated_waiting(1, 1);
    EXPECT_TRUE(board.is_waiting(0));
    EXPECT_EQ(board.oldest_waiting(), std::nullopt) << "no server of the pool would do";
    EXPECT_TRUE(board.take_claim());
    EXPECT_TRUE(board.take_claim());
    EXPECT_FALSE(board.take_claim());
    EXPECT_TRUE(board.has_waiting()) << "what is owed is not there yet";
    board.publish_dedicated_waiting(0, 0);
    board.publish_dedicated_waiting(1, 0);
    EXPECT_FALSE(board.has_waiting());
}

/// Two workers that act at the same moment, often enough for each order of their steps to occur.
class AtTheSameMoment : public testing::Test {
  protected:
    struct Meeting {
        WaitingBoard board{2};
        Budget budget{1};
        bool first_saw = false;
        bool second_saw = false;
        /// What either writes last before the meeting. The other processor has this memory, so that
        /// it takes a while to be written, and what is written next waits behind it.
        struct alignas(64) Far {
            std::atomic<int> written{0};
        };
        std::array<Far, 2> far;
    };
    using Worker = bool (*)(Meeting&);

    /// In how many meetings neither worker saw the other. Each begins with `prepare`.
    static std::size_t missed(Worker first, Worker second, void (*prepare)(Meeting&) = nullptr) {
        constexpr int rounds = 100;
        constexpr std::size_t meetings_of_a_round = 2000;
        // With a sanitizer, or where others use the machine, fewer rounds have to do.
        const auto enough = Clock::now() + std::chrono::seconds(2);
        std::size_t missed = 0;
        for (int round = 0; round < rounds && Clock::now() < enough; ++round) {
            std::deque<Meeting> meetings(meetings_of_a_round);
            if (prepare != nullptr) {
                for (Meeting& meeting : meetings) prepare(meeting);
            }
            meet(meetings, first, second);
            for (const Meeting& meeting : meetings)
                missed += !meeting.first_saw && !meeting.second_saw ? 1 : 0;
        }
        return missed;
    }

  private:
    struct alignas(64) Progress {
        std::atomic<std::size_t> meeting{0};
    };

    static void meet(std::deque<Meeting>& meetings, Worker first, Worker second) {
        std::array<Progress, 2> progress;
        std::jthread other([&] {
            for (std::size_t i = 0; i < meetings.size(); ++i) {
                meetings[i].far[0].written.store(1, std::memory_order_relaxed);
                wait_for_the_other(progress[1], progress[0], i, 0);
                meetings[i].far[1].written.store(1, std::memory_order_relaxed);
                meetings[i].second_saw = second(meetings[i]);
            }
        });
        for (std::size_t i = 0; i < meetings.size(); ++i) {
            meetings[i].far[1].written.store(2, std::memory_order_relaxed);
            wait_for_the_other(progress[0], progress[1], i, static_cast<int>(i % 64));
            meetings[i].far[0].written.store(2, std::memory_order_relaxed);
            meetings[i].first_saw = first(meetings[i]);
        }
    }
    // Both begin a meeting together, as near as may be, one of them some cycles later. Where the
    // machine has no processor for both, they do not wait for long.
    static void wait_for_the_other(Progress& own, const Progress& other, std::size_t meeting,
                                   int later) {
        own.meeting.store(meeting + 1);
        for (int spins = 0; other.meeting.load() < meeting + 1; ++spins) {
            if (spins > 2000) {
                std::this_thread::yield();
                break;
            }
        }
        for (volatile int cycles = later; cycles > 0;) cycles = cycles - 1;
    }
};

// A client waited beside an idle server for as long as nothing else happened, if its worker and the
// one with the server had both looked before they saw what the other published.
TEST_F(AtTheSameMoment, WhoeverPublishesSecondSeesTheOther) {
    const Worker waits = [](Meeting& meeting) {
        meeting.board.publish_waiting(0, begin);
        return meeting.board.idle_elsewhere(0).has_value();
    };
    const Worker has_idle = [](Meeting& meeting) {
        return meeting.board.offer_idle(1, 1).has_value();
    };
    EXPECT_EQ(missed(waits, has_idle), 0U);
}

TEST_F(AtTheSameMoment, WhoeverNeedsAPlaceGetsItOrIsSeenByTheOneThatGivesItBack) {
    const auto is_taken = [](Meeting& meeting) { EXPECT_TRUE(meeting.budget.try_take()); };
    const Worker gives_back = [](Meeting& meeting) {
        meeting.budget.give_back();
        return meeting.board.is_waiting(0);
    };
    const Worker waits = [](Meeting& meeting) {
        meeting.board.publish_waiting(0, begin);
        return meeting.budget.try_take();
    };
    EXPECT_EQ(missed(waits, gives_back, is_taken), 0U);
    const Worker waits_for_its_own = [](Meeting& meeting) {
        meeting.board.publish_dedicated_waiting(0, 1);
        return meeting.budget.try_take();
    };
    EXPECT_EQ(missed(waits_for_its_own, gives_back, is_taken), 0U);
}

TEST_F(AtTheSameMoment, AClaimIsTakenByOneWorkerAlone) {
    const auto is_owed = [](Meeting& meeting) { meeting.board.publish_dedicated_waiting(0, 1); };
    const Worker misses = [](Meeting& meeting) { return !meeting.board.take_claim(); };
    const Worker takes = [](Meeting& meeting) { return meeting.board.take_claim(); };
    EXPECT_EQ(missed(takes, takes, is_owed), 0U) << "somebody gets it";
    EXPECT_EQ(missed(misses, misses, is_owed), 0U) << "and not both";
}

}  // namespace
}  // namespace pgweir::pool
