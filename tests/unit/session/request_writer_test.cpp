#include "pool/session/request_writer.hpp"

#include <gmock/gmock.h>

#include <string>
#include <tuple>

namespace pgweir::pool {
namespace {

using namespace std::string_literals;
using protocol::Frontend;
using protocol::Origin;

class RequestWriterTest : public testing::Test {
  protected:
    RequestWriter writer() { return {out_, tracker_, in_flight_, questions_, parses_}; }

    // The bytes of all parts, in their order.
    std::string bytes() {
        std::string all;
        for (const iovec& part : out_.parts())
            all.append(static_cast<const char*>(part.iov_base), part.iov_len);
        return all;
    }

    // The types of the messages that were written.
    std::string types() {
        std::string all = bytes();
        std::string found;
        while (all.size() >= 5) {
            found += all[0];
            all.erase(0, 1 + protocol::read_uint32(Bytes(all).substr(1)));
        }
        EXPECT_TRUE(all.empty()) << "a length is wrong";
        return found;
    }

    Outgoing out_;
    protocol::RequestTracker tracker_;
    StatementsInFlight in_flight_;
    Questions questions_;
    Counter parses_;
};

TEST_F(RequestWriterTest, WhatIsTheClientsIsPassedAsItIs) {
    const std::string sync = "S\0\0\0\4"s;
    writer().pass(Frontend::sync, sync);
    ASSERT_EQ(out_.parts().size(), 1U);
    EXPECT_EQ(out_.parts()[0].iov_base, sync.data());
    EXPECT_EQ(tracker_.owed(), 1U);
    EXPECT_FALSE(tracker_.answering_pool());
}

TEST_F(RequestWriterTest, AQueryIsAQuestionInTheSameStep) {
    writer().query(Question::state, "SELECT 1");
    EXPECT_EQ(bytes(), "Q\0\0\0\15SELECT 1\0"s);
    EXPECT_EQ(questions_.oldest(), Question::state);
    EXPECT_TRUE(tracker_.answering_pool());
    EXPECT_FALSE(tracker_.may_have_failed()) << "it is not the client's";
}

TEST_F(RequestWriterTest, AQueryInThePlaceOfTheClientsIsTheClients) {
    writer().query_of_client("SELECT 1");
    EXPECT_FALSE(questions_.any());
    EXPECT_FALSE(tracker_.answering_pool());
    EXPECT_TRUE(tracker_.may_have_failed());
}

// Six messages, of which the client sees nothing and in which its unnamed statement has no part.
TEST_F(RequestWriterTest, AStatementOfItsOwnLeavesNothing) {
    writer().run(Origin::injected, "SELECT 1");
    EXPECT_EQ(types(), "CPBECC");
    EXPECT_EQ(tracker_.owed(), 6U);
    EXPECT_TRUE(tracker_.wants_sync());
    EXPECT_EQ(parses_.get(), 1U);
    EXPECT_EQ(bytes().find("\0\0SELECT"s), std::string::npos) << "it has a name";
}

TEST_F(RequestWriterTest, AStatementWithoutNamesIsThreeMessages) {
    writer().run_unnamed(Origin::pool, "SELECT 1");
    EXPECT_EQ(bytes(),
              "P\0\0\0\20\0SELECT 1\0\0\0"s
              "B\0\0\0\14\0\0\0\0\0\0\0\0"s
              "E\0\0\0\11\0\0\0\0\0"s);
    EXPECT_EQ(tracker_.owed(), 3U);
}

TEST_F(RequestWriterTest, ASyncOfPgweirsEndsAQuestion) {
    RequestWriter requests = writer();
    requests.close(Origin::pool, "s");
    requests.sync(Question::command);
    EXPECT_EQ(types(), "CS");
    EXPECT_EQ(questions_.oldest(), Question::command);
    EXPECT_FALSE(tracker_.wants_sync());
    std::ignore = tracker_.received(protocol::Backend::close_complete, {});
    const protocol::Verdict verdict = tracker_.received(protocol::Backend::ready_for_query, "I");
    EXPECT_EQ(verdict.origin, Origin::pool);
    EXPECT_TRUE(verdict.ready);
}

TEST_F(RequestWriterTest, ASyncInThePlaceOfTheClientsIsNoQuestion) {
    writer().sync_of_client();
    EXPECT_FALSE(questions_.any());
    EXPECT_FALSE(tracker_.answering_pool());
}

// The head is pgweir's and the rest is the client's: the length is that of both.
TEST_F(RequestWriterTest, AParseUnderAnotherNameCopiesNoText) {
    const std::string rest = "SELECT 1\0\0\0"s;
    writer().parse_under("pgweir_1", rest, StatementOperation{.name = "s"});
    ASSERT_EQ(out_.parts().size(), 2U);
    EXPECT_EQ(out_.parts()[1].iov_base, rest.data());
    EXPECT_EQ(bytes(), "P\0\0\0\30pgweir_1\0SELECT 1\0\0\0"s);
    EXPECT_EQ(in_flight_.oldest().name, "s");
    EXPECT_EQ(parses_.get(), 1U);
}

TEST_F(RequestWriterTest, ABindToAnotherNameMayBeThereInPart) {
    const std::string rest = "\0\0"s;
    writer().bind_to("c", "pgweir_1", rest, 6);
    EXPECT_EQ(bytes(), "B\0\0\0\25c\0pgweir_1\0\0\0"s);
    EXPECT_TRUE(in_flight_.empty());
}

TEST_F(RequestWriterTest, WhatAMessageChangesIsKeptUntilItIsAnswered) {
    RequestWriter requests = writer();
    requests.close(Origin::client, "a", StatementOperation{.name = "a"});
    requests.sync(Question::command);
    requests.describe(Origin::client, "b", StatementOperation{.name = "b"});
    EXPECT_TRUE(in_flight_.has_doubtful()) << "a Sync stands between";
    const protocol::Verdict closed = tracker_.received(protocol::Backend::close_complete, {});
    EXPECT_EQ(closed.operation, protocol::Verdict::Outcome::done);
    EXPECT_EQ(in_flight_.take(1).front().name, "a");
    std::ignore = tracker_.received(protocol::Backend::ready_for_query, "I");
    const protocol::Verdict failed = tracker_.received(protocol::Backend::error_response, {});
    EXPECT_EQ(failed.operation, protocol::Verdict::Outcome::failed);
    EXPECT_EQ(in_flight_.oldest().name, "b");
}

TEST_F(RequestWriterTest, AFlushHasNoAnswer) {
    writer().flush();
    EXPECT_EQ(types(), "H");
    EXPECT_TRUE(tracker_.quiet());
}

TEST_F(RequestWriterTest, ACopyIsEndedByAnError) {
    writer().query_of_client("COPY t FROM STDIN");
    std::ignore = tracker_.received(protocol::Backend::copy_in_response, {});
    ASSERT_TRUE(tracker_.copying_in());
    writer().copy_fail("gone");
    EXPECT_EQ(types(), "Qf");
    EXPECT_FALSE(tracker_.copying_in());
}

}  // namespace
}  // namespace pgweir::pool
