// The tracker's storage and its speed must not depend on how long a connection lives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "protocol/wire/request_tracker.hpp"

namespace {

std::size_t largest_allocation = 0;

}  // namespace

// NOLINTBEGIN(cppcoreguidelines-no-malloc): these are what the smart pointers stand on
// All of this program's allocations pass here, so that a test can see the largest.
void* operator new(std::size_t size) {
    largest_allocation = std::max(largest_allocation, size);
    void* const memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
// std::stable_partition() and its like ask so for their scratch memory.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    largest_allocation = std::max(largest_allocation, size);
    return std::malloc(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
// NOLINTEND(cppcoreguidelines-no-malloc)

namespace pgweir::protocol {
namespace {

TEST(RequestTrackerBounds, AMillionRequestsInAnEndlessPipelineNeedLittleStorage) {
    RequestTracker tracker;
    for (int i = 0; i < 5; ++i) tracker.sent(Frontend::query);
    largest_allocation = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        tracker.sent(Frontend::query);
        (void)tracker.received(Backend::command_complete, "");
        ASSERT_TRUE(tracker.received(Backend::ready_for_query, "I").ready);
    }
    EXPECT_EQ(tracker.owed(), 5U);
    EXPECT_LE(largest_allocation, 16384U);
}

TEST(RequestTrackerBounds, AMillionFailuresInAnEndlessPipelineNeedLittleStorage) {
    RequestTracker tracker;
    tracker.sent(Frontend::sync);
    largest_allocation = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        tracker.sent(Frontend::parse);
        tracker.sent(Frontend::bind);
        tracker.sent(Frontend::sync);
        ASSERT_TRUE(tracker.received(Backend::ready_for_query, "I").ready);
        (void)tracker.received(Backend::error_response, "");
    }
    EXPECT_EQ(tracker.owed(), 1U);
    EXPECT_LE(largest_allocation, 16384U);
}

TEST(RequestTrackerBounds, MessagesToAServerThatDiscardsThemNeedNoStorage) {
    RequestTracker tracker;
    tracker.sent(Frontend::parse);
    (void)tracker.received(Backend::error_response, "");
    largest_allocation = 0;
    for (int i = 0; i < 100'000; ++i) {
        tracker.sent(Frontend::query);
        tracker.sent(Frontend::copy_done);
        tracker.sent(Frontend::bind);
    }
    EXPECT_EQ(largest_allocation, 0U);
    EXPECT_EQ(tracker.owed(), 0U);
}

// A client's one huge pipeline would else stay allocated as long as the server connection lives.
TEST(RequestTrackerBounds, AHugePipelinesStorageIsGivenBack) {
    RequestTracker tracker;
    for (int i = 0; i < 100'000; ++i) tracker.sent(Frontend::sync);
    while (tracker.owed() > 0) (void)tracker.received(Backend::ready_for_query, "I");
    largest_allocation = 0;
    for (int i = 0; i < 1'000; ++i) tracker.sent(Frontend::sync);
    EXPECT_GT(largest_allocation, 0U) << "the storage of 100,000 requests was kept";
}

// Each CopyInResponse took entries out of the middle of the queue, which cost time by the square.
TEST(RequestTrackerBounds, AHugePipelineOfCopiesIsAnsweredInLinearTime) {
    RequestTracker tracker;
    for (int i = 0; i < 1'000'000; ++i) {
        tracker.sent(Frontend::query);
        tracker.sent(Frontend::copy_done);
    }
    for (int i = 0; i < 1'000'000; ++i) {
        (void)tracker.received(Backend::copy_in_response, "");
        (void)tracker.received(Backend::command_complete, "");
        ASSERT_TRUE(tracker.received(Backend::ready_for_query, "I").ready);
    }
    EXPECT_TRUE(tracker.releasable());
}

}  // namespace
}  // namespace pgweir::protocol
