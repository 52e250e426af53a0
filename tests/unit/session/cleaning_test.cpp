#include "pool/session/cleaning.hpp"

#include <gtest/gtest.h>

namespace pgweir::pool {
namespace {

using protocol::Backend;
using protocol::Frontend;
using protocol::Origin;
using protocol::RequestTracker;
using protocol::TransactionStatus;

RequestTracker quiet(TransactionStatus status) {
    RequestTracker tracker;
    tracker.sent(Frontend::query);
    const char told = static_cast<char>(status);
    std::ignore = tracker.received(Backend::command_complete, {});
    std::ignore = tracker.received(Backend::ready_for_query, {&told, 1});
    return tracker;
}

RequestTracker sent(std::initializer_list<Frontend> messages) {
    RequestTracker tracker;
    for (const Frontend message : messages) tracker.sent(message);
    return tracker;
}

TEST(CleaningTest, ServerThatIsAtRestIsClean) {
    EXPECT_EQ(next_cleaning_step({}, quiet(TransactionStatus::idle)), CleaningStep::done);
}

TEST(CleaningTest, NothingIsAskedWhileACancelOrTheLastClientIsWaitedFor) {
    const RequestTracker open = quiet(TransactionStatus::in_transaction);
    EXPECT_EQ(next_cleaning_step({.is_being_cancelled = true}, open), CleaningStep::wait);
    EXPECT_EQ(next_cleaning_step({.is_delivering = true}, open), CleaningStep::wait);
    EXPECT_EQ(next_cleaning_step({.is_delivering = true, .may_be_cancelled = true}, open),
              CleaningStep::wait)
        << "to close it would take the buffer from under the last client";
}

TEST(CleaningTest, ServerThatALateCancelMayMeetIsClosed) {
    const CleaningStep step =
        next_cleaning_step({.may_be_cancelled = true}, quiet(TransactionStatus::idle));
    EXPECT_EQ(step, CleaningStep::close_unknown);
    EXPECT_FALSE(reason_to_close(step).empty());
}

TEST(CleaningTest, ServerThatSaidWhatNothingAskedForIsClosed) {
    RequestTracker tracker = quiet(TransactionStatus::idle);
    std::ignore = tracker.received(Backend::error_response, {});
    ASSERT_TRUE(tracker.uncertain());
    EXPECT_EQ(next_cleaning_step({}, tracker), CleaningStep::close_unknown);
}

TEST(CleaningTest, RepliesThatAreOwedAreWaitedFor) {
    EXPECT_EQ(next_cleaning_step({}, sent({Frontend::query})), CleaningStep::wait);
    EXPECT_EQ(next_cleaning_step({}, sent({Frontend::parse, Frontend::sync})), CleaningStep::wait);
}

TEST(CleaningTest, ExtendedQueryWithoutItsSyncIsNeverCommitted) {
    EXPECT_EQ(next_cleaning_step({}, sent({Frontend::parse, Frontend::bind, Frontend::execute})),
              CleaningStep::close_unsynced);
}

TEST(CleaningTest, ExtendedQueryThatHasFailedIsEnded) {
    RequestTracker tracker = sent({Frontend::parse});
    std::ignore = tracker.received(Backend::error_response, {});
    EXPECT_EQ(next_cleaning_step({}, tracker), CleaningStep::end_exchange);
}

TEST(CleaningTest, CopyOfAClientThatIsGoneIsBrokenOff) {
    RequestTracker tracker = sent({Frontend::query});
    std::ignore = tracker.received(Backend::copy_in_response, {});
    EXPECT_EQ(next_cleaning_step({}, tracker), CleaningStep::end_exchange);
}

TEST(CleaningTest, OpenTransactionIsRolledBackOnce) {
    for (const auto status : {TransactionStatus::in_transaction, TransactionStatus::failed}) {
        const RequestTracker open = quiet(status);
        EXPECT_EQ(next_cleaning_step({.needs_reset = true}, open), CleaningStep::roll_back);
        EXPECT_EQ(next_cleaning_step({.has_rolled_back = true, .needs_reset = true}, open),
                  CleaningStep::close_stuck);
    }
}

TEST(CleaningTest, ResetQueryRunsOnceAndLast) {
    const RequestTracker idle = quiet(TransactionStatus::idle);
    EXPECT_EQ(next_cleaning_step({.needs_reset = true}, idle), CleaningStep::reset);
    EXPECT_EQ(next_cleaning_step({.has_reset = true, .needs_reset = true}, idle),
              CleaningStep::done);
}

}  // namespace
}  // namespace pgweir::pool
