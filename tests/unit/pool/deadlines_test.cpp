// Time is an argument, so that nothing here waits.
#include "pool/io/deadlines.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pgweir::pool {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Clock::time_point start = Clock::time_point{} + std::chrono::hours(1);

class Recorded : public Deadline {
  public:
    explicit Recorded(std::function<void()> what) : what_(std::move(what)) {}

  private:
    void expired() override {
        // `what_` may destroy this.
        const auto what = what_;
        what();
    }
    std::function<void()> what_;
};

class DeadlinesTest : public testing::Test {
  protected:
    // A deadline that writes down its name.
    Recorded named(std::string name) {
        return Recorded([this, name = std::move(name)] { expired.push_back(name); });
    }
    std::vector<std::string> expired;
    Deadlines deadlines;
};

TEST_F(DeadlinesTest, NothingExpiresBeforeItsTime) {
    Recorded a = named("a");
    deadlines.set(a, 100ms, start);
    EXPECT_TRUE(a.is_set());
    deadlines.sweep(start);
    deadlines.sweep(start + 99ms);
    EXPECT_THAT(expired, IsEmpty());
    EXPECT_TRUE(a.is_set());
}

TEST_F(DeadlinesTest, ExpiresOnceWhenItIsDue) {
    Recorded a = named("a");
    deadlines.set(a, 100ms, start);
    deadlines.sweep(start + 100ms);
    EXPECT_THAT(expired, ElementsAre("a"));
    EXPECT_FALSE(a.is_set());
    deadlines.sweep(start + 10s);
    EXPECT_THAT(expired, ElementsAre("a"));
}

TEST_F(DeadlinesTest, OfOneDurationExpireInTheOrderOfTheirSetting) {
    Recorded a = named("a");
    Recorded b = named("b");
    Recorded c = named("c");
    deadlines.set(b, 100ms, start);
    deadlines.set(a, 100ms, start + 10ms);
    deadlines.set(c, 100ms, start + 20ms);
    deadlines.sweep(start + 115ms);
    EXPECT_THAT(expired, ElementsAre("b", "a"));
    deadlines.sweep(start + 120ms);
    EXPECT_THAT(expired, ElementsAre("b", "a", "c"));
}

TEST_F(DeadlinesTest, DurationsDoNotHoldEachOtherUp) {
    Recorded slow = named("slow");
    Recorded quick = named("quick");
    deadlines.set(slow, 10s, start);
    deadlines.set(quick, 100ms, start + 1s);
    deadlines.sweep(start + 1100ms);
    EXPECT_THAT(expired, ElementsAre("quick"));
    deadlines.sweep(start + 10s);
    EXPECT_THAT(expired, ElementsAre("quick", "slow"));
}

TEST_F(DeadlinesTest, SetAgainBeginsAnew) {
    Recorded a = named("a");
    Recorded b = named("b");
    deadlines.set(a, 100ms, start);
    deadlines.set(b, 100ms, start + 10ms);
    deadlines.set(a, 100ms, start + 50ms);
    deadlines.sweep(start + 110ms);
    EXPECT_THAT(expired, ElementsAre("b"));
    deadlines.sweep(start + 150ms);
    EXPECT_THAT(expired, ElementsAre("b", "a"));
}

TEST_F(DeadlinesTest, SetAgainWithAnotherDurationForgetsTheFirst) {
    Recorded a = named("a");
    deadlines.set(a, 100ms, start);
    deadlines.set(a, 5s, start);
    deadlines.sweep(start + 1s);
    EXPECT_THAT(expired, IsEmpty());
    deadlines.set(a, 200ms, start + 1s);
    deadlines.sweep(start + 1200ms);
    deadlines.sweep(start + 10s);
    EXPECT_THAT(expired, ElementsAre("a"));
}

TEST_F(DeadlinesTest, CancelledDoesNotExpireAndMayBeCancelledTwice) {
    Recorded a = named("a");
    Recorded b = named("b");
    deadlines.set(a, 100ms, start);
    deadlines.set(b, 100ms, start);
    a.cancel();
    a.cancel();
    EXPECT_FALSE(a.is_set());
    deadlines.sweep(start + 1s);
    EXPECT_THAT(expired, ElementsAre("b"));
}

TEST_F(DeadlinesTest, ZeroMeansNeverAndCancels) {
    Recorded a = named("a");
    deadlines.set(a, 0ms, start);
    EXPECT_FALSE(a.is_set());
    deadlines.set(a, 100ms, start);
    deadlines.set(a, 0ms, start);
    EXPECT_FALSE(a.is_set());
    deadlines.sweep(start + std::chrono::hours(24));
    EXPECT_THAT(expired, IsEmpty());
}

TEST_F(DeadlinesTest, DestroyedLeavesItsList) {
    Recorded before = named("before");
    auto gone = std::make_unique<Recorded>([this] { expired.emplace_back("gone"); });
    Recorded after = named("after");
    deadlines.set(before, 100ms, start);
    deadlines.set(*gone, 100ms, start);
    deadlines.set(after, 100ms, start);
    gone.reset();
    deadlines.sweep(start + 1s);
    EXPECT_THAT(expired, ElementsAre("before", "after"));
}

TEST_F(DeadlinesTest, MayOutliveTheLists) {
    Recorded a = named("a");
    {
        Deadlines shorter;
        shorter.set(a, 100ms, start);
    }
    EXPECT_FALSE(a.is_set());
    deadlines.set(a, 100ms, start);
    deadlines.sweep(start + 1s);
    EXPECT_THAT(expired, ElementsAre("a"));
}

TEST_F(DeadlinesTest, MaySetItselfAgainAndExpiresOnceASweep) {
    Clock::time_point now = start;
    int times = 0;
    Deadline* self = nullptr;
    Recorded again([&] {
        EXPECT_FALSE(self->is_set()) << "it has left its list by then";
        ++times;
        deadlines.set(*self, 100ms, now);
    });
    self = &again;
    deadlines.set(again, 100ms, now);
    for (int sweep = 1; sweep <= 3; ++sweep) {
        now += 150ms;
        deadlines.sweep(now);
        EXPECT_EQ(times, sweep);
        EXPECT_TRUE(again.is_set());
    }
}

TEST_F(DeadlinesTest, MaySetItselfToADurationThatIsNewWhileSweeping) {
    Deadline* self = nullptr;
    Recorded again([&] {
        expired.emplace_back("again");
        if (expired.size() < 3) deadlines.set(*self, expired.size() == 1 ? 50ms : 200ms, start);
    });
    self = &again;
    deadlines.set(again, 100ms, start);
    for (int sweep = 0; sweep < 3; ++sweep) deadlines.sweep(start + 1s);
    EXPECT_EQ(expired.size(), 3U);
    EXPECT_FALSE(again.is_set());
}

TEST_F(DeadlinesTest, MayCancelTheOthersThatAreDue) {
    Recorded b = named("b");
    Recorded c = named("c");
    Recorded a([&] {
        expired.emplace_back("a");
        b.cancel();
        c.cancel();
    });
    deadlines.set(a, 100ms, start);
    deadlines.set(b, 100ms, start);
    deadlines.set(c, 200ms, start);
    deadlines.sweep(start + 1s);
    EXPECT_THAT(expired, ElementsAre("a"));
}

// Named as its users are: a session whose timeout ends it.
struct Session {
    explicit Session(std::unique_ptr<Session>& holder, int& ends) : holder_(holder), ends_(ends) {}
    void too_long() {
        ++ends_;
        holder_.reset();
    }
    std::unique_ptr<Session>& holder_;
    int& ends_;
    DeadlineOf<Session, &Session::too_long> deadline{*this};
};

TEST_F(DeadlinesTest, MayDestroyItsOwner) {
    int ends = 0;
    std::vector<std::unique_ptr<Session>> sessions(3);
    for (auto& session : sessions) {
        session = std::make_unique<Session>(session, ends);
        deadlines.set(session->deadline, 100ms, start);
    }
    deadlines.sweep(start + 100ms);
    EXPECT_EQ(ends, 3);
    EXPECT_EQ(sessions[0], nullptr);
    EXPECT_EQ(sessions[2], nullptr);
}

TEST_F(DeadlinesTest, MayDestroyAnotherThatIsDue) {
    auto other = std::make_unique<Recorded>([this] { expired.emplace_back("other"); });
    Recorded a([&] {
        expired.emplace_back("a");
        other.reset();
    });
    Recorded last = named("last");
    deadlines.set(a, 100ms, start);
    deadlines.set(*other, 100ms, start);
    deadlines.set(last, 100ms, start);
    deadlines.sweep(start + 1s);
    EXPECT_THAT(expired, ElementsAre("a", "last"));
}

}  // namespace
}  // namespace pgweir::pool
