#include "daemon/client/notification_outbox.hpp"
#include "pool/session/notification.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <memory>
#include <string>

namespace pgweir::daemon {
namespace {

pool::SharedMessage message(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
}

// A NotificationResponse of this process.
std::string notification(std::uint32_t pid, const std::string& channel) {
    const std::string body = std::string(4, '\0') + channel + std::string(2, '\0');
    std::string whole = "A" + std::string(3, '\0') + static_cast<char>(body.size() + 4) + body;
    return pool::with_sender(whole, pid);
}

std::string text_of(const std::vector<iovec>& parts) {
    std::string text;
    for (const iovec& part : parts) text.append(static_cast<char*>(part.iov_base), part.iov_len);
    return text;
}

TEST(NotificationOutbox, TellsTheOldestFirst) {
    NotificationOutbox outbox;
    EXPECT_TRUE(outbox.is_empty());
    outbox.add(message("one "));
    outbox.add(message("two "));
    outbox.add(message("three"));
    EXPECT_EQ(text_of(outbox.next(true)), "one two three");
    outbox.written(13);
    EXPECT_TRUE(outbox.is_empty());
    EXPECT_TRUE(outbox.next(true).empty());
}

TEST(NotificationOutbox, TellsNothingInsideOfATransaction) {
    NotificationOutbox outbox;
    outbox.add(message("one"));
    EXPECT_TRUE(outbox.next(false).empty());
    EXPECT_FALSE(outbox.is_empty());
}

TEST(NotificationOutbox, GoesOnWhereAWriteHasStopped) {
    NotificationOutbox outbox;
    outbox.add(message("one "));
    outbox.add(message("two "));
    outbox.written(6);
    EXPECT_TRUE(outbox.has_begun());
    EXPECT_EQ(text_of(outbox.next(true)), "o ");
    outbox.add(message("three"));
    EXPECT_EQ(text_of(outbox.next(true)), "o three");
}

TEST(NotificationOutbox, ForgetsWhatIsWrittenToItsLastByte) {
    NotificationOutbox outbox;
    outbox.add(message("one "));
    outbox.add(message("two "));
    outbox.written(4);
    EXPECT_FALSE(outbox.has_begun());
    EXPECT_EQ(text_of(outbox.next(true)), "two ");
}

// The client has half a message: whatever else it is told would be taken for the other half.
TEST(NotificationOutbox, FinishesAMessageInsideOfATransactionAndBeginsNone) {
    NotificationOutbox outbox;
    outbox.add(message("one "));
    outbox.add(message("two "));
    outbox.written(1);
    EXPECT_EQ(text_of(outbox.next(false)), "ne ");
    outbox.written(3);
    EXPECT_TRUE(outbox.next(false).empty());
    EXPECT_EQ(text_of(outbox.next(true)), "two ");
}

TEST(NotificationOutbox, WritesSoManyAtOnceAndNoMore) {
    NotificationOutbox outbox;
    for (std::size_t i = 0; i < NotificationOutbox::most_at_once + 1; ++i) outbox.add(message("m"));
    EXPECT_EQ(outbox.next(true).size(), NotificationOutbox::most_at_once);
    outbox.written(NotificationOutbox::most_at_once);
    EXPECT_EQ(outbox.next(true).size(), 1U);
}

TEST(NotificationOutbox, IsOverfullBeyondItsBytesAlone) {
    NotificationOutbox outbox;
    outbox.add(message(std::string(NotificationOutbox::most_bytes, 'm')));
    EXPECT_FALSE(outbox.is_overfull());
    outbox.add(message("m"));
    EXPECT_TRUE(outbox.is_overfull());
    outbox.written(NotificationOutbox::most_bytes);
    EXPECT_FALSE(outbox.is_overfull());
}

// The bytes of a message count until it is written whole.
TEST(NotificationOutbox, CountsAMessageUntilItIsWritten) {
    NotificationOutbox outbox;
    outbox.add(message(std::string(NotificationOutbox::most_bytes + 1, 'm')));
    outbox.written(NotificationOutbox::most_bytes);
    EXPECT_TRUE(outbox.is_overfull());
    outbox.written(1);
    EXPECT_FALSE(outbox.is_overfull());
}

TEST(NotificationOutbox, NamesTheClientsOwnByItsProcessId) {
    NotificationOutbox outbox;
    pool::OwnNotifications own;
    own.heard(notification(11, "mine"));
    outbox.add(message(notification(11, "of another")));
    outbox.add(message(notification(11, "mine")));
    outbox.name_own(own, 4711);
    EXPECT_EQ(text_of(outbox.next(true)),
              notification(11, "of another") + notification(4711, "mine"));
}

TEST(NotificationOutbox, ChangesNoMessageThatIsWrittenInPart) {
    NotificationOutbox outbox;
    pool::OwnNotifications own;
    own.heard(notification(11, "mine"));
    outbox.add(message(notification(11, "mine")));
    outbox.written(3);
    outbox.name_own(own, 4711);
    EXPECT_EQ(text_of(outbox.next(true)), notification(11, "mine").substr(3));
}

// It is shared by all clients that hear of it.
TEST(NotificationOutbox, LeavesTheMessageOfOtherClientsAsItIs) {
    NotificationOutbox outbox;
    pool::OwnNotifications own;
    const pool::SharedMessage shared = message(notification(11, "mine"));
    own.heard(*shared);
    outbox.add(shared);
    outbox.name_own(own, 4711);
    EXPECT_EQ(*shared, notification(11, "mine"));
}

}  // namespace
}  // namespace pgweir::daemon
