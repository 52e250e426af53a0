#include "pool/session/statements_in_flight.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace pgweir::pool {
namespace {

using OnServer = StatementOperation::OnServer;

StatementPtr of(Bytes query) {
    return std::make_shared<const Statement>(query, no_types, "");
}

ClientStatement own(StatementPtr statement, std::uint64_t reading = 0) {
    ClientStatement result;
    result.statement = std::move(statement);
    result.reading = reading;
    return result;
}

ServerStatement there(StatementPtr statement, std::uint64_t reading = 0) {
    ServerStatement result;
    result.statement = std::move(statement);
    result.reading = reading;
    return result;
}

// A client's Parse, under a name or without one.
StatementOperation parse(Bytes name, Bytes query, std::uint64_t reading = 0) {
    StatementOperation operation;
    operation.on_server = name.empty() ? OnServer::sets_unnamed : OnServer::prepares;
    operation.there = there(of(query), reading);
    operation.of_client = true;
    operation.name = name;
    operation.own = own(of(query), reading);
    return operation;
}

// A client's Close of what the server keeps.
StatementOperation close_of(Bytes name) {
    StatementOperation operation;
    operation.of_client = true;
    operation.name = name;
    return operation;
}

// Something of pgweir's own: a statement that the server is to have, or not.
StatementOperation injected(OnServer what, Bytes query) {
    StatementOperation operation;
    operation.on_server = what;
    operation.there = there(of(query));
    return operation;
}

// One that changes nothing.
StatementOperation describe() {
    StatementOperation operation;
    operation.describes = StatementOperation::Describes::statement;
    return operation;
}

// All of it with few operations, which are looked through, and with the index that many have.
class StatementsInFlightTest : public testing::TestWithParam<bool> {
  protected:
    static constexpr std::size_t many = 17;

    // There is an index once there were many, and until there are none.
    void add(StatementOperation operation) {
        const bool makes_index = GetParam() && in_flight.empty();
        for (std::size_t i = 0; makes_index && i < many; ++i) in_flight.add(describe());
        in_flight.add(std::move(operation));
        if (makes_index) {
            EXPECT_EQ(in_flight.take(many).size(), many);
        }
    }
    void sync() { in_flight.next_segment(); }

    StatementsInFlight in_flight;
};

INSTANTIATE_TEST_SUITE_P(WithoutAndWithIndex, StatementsInFlightTest, testing::Bool(),
                         [](const auto& run) { return run.param ? "Many" : "Few"; });

TEST_P(StatementsInFlightTest, OfNothingNothingIsDoubtful) {
    EXPECT_TRUE(in_flight.empty());
    EXPECT_FALSE(in_flight.has_doubtful());
    EXPECT_FALSE(in_flight.is_doubtful("s", true));
    EXPECT_FALSE(in_flight.is_doubtful("s", false));
    EXPECT_FALSE(in_flight.is_doubtful_text("select 1"));
    EXPECT_FALSE(in_flight.closes(of("select 1")->server_name()));
    EXPECT_EQ(in_flight.oldest_setting_unnamed(), nullptr);
    EXPECT_EQ(in_flight.oldest_of("s"), nullptr);
    EXPECT_TRUE(in_flight.take(0).empty());
}

TEST_P(StatementsInFlightTest, AnErrorTakesBackAllUpToTheSyncSoThatNothingIsDoubtfulBeforeIt) {
    add(parse("s", "select 1"));
    EXPECT_FALSE(in_flight.has_doubtful());
    EXPECT_FALSE(in_flight.is_doubtful("s", true));
    EXPECT_FALSE(in_flight.is_doubtful("s", false));
    EXPECT_FALSE(in_flight.is_doubtful_text("select 1"));
}

TEST_P(StatementsInFlightTest, BehindTheSyncItIsDoubtfulUntilItIsAnswered) {
    add(parse("s", "select 1"));
    sync();
    EXPECT_TRUE(in_flight.has_doubtful());
    for (const bool anew : {false, true}) {
        EXPECT_TRUE(in_flight.is_doubtful("s", anew));
        EXPECT_FALSE(in_flight.is_doubtful("S", anew));
        EXPECT_FALSE(in_flight.is_doubtful("", anew));
    }
    EXPECT_TRUE(in_flight.is_doubtful_text("select 1"));
    EXPECT_FALSE(in_flight.is_doubtful_text("select 2"));
    EXPECT_EQ(in_flight.oldest().name, "s");
    in_flight.drop_oldest();
    EXPECT_FALSE(in_flight.has_doubtful());
    EXPECT_FALSE(in_flight.is_doubtful("s", true));
    EXPECT_FALSE(in_flight.is_doubtful_text("select 1"));
}

// Between the Sync and this request its own segment has settled the name, for what runs; but a
// Parse may be one too many, or not, by what became of the earlier one.
TEST_P(StatementsInFlightTest, WhatItsOwnSegmentSettlesIsDoubtfulOnlyForAParse) {
    add(parse("s", "select 1"));
    sync();
    add(close_of("s"));
    add(parse("s", "select 2"));
    EXPECT_FALSE(in_flight.is_doubtful("s", false));
    EXPECT_TRUE(in_flight.is_doubtful("s", true));
    EXPECT_FALSE(in_flight.is_doubtful_text("select 2"));
    EXPECT_TRUE(in_flight.is_doubtful_text("select 1"));
    in_flight.drop_oldest();
    EXPECT_FALSE(in_flight.has_doubtful());
    EXPECT_FALSE(in_flight.is_doubtful("s", true));
    sync();
    EXPECT_TRUE(in_flight.is_doubtful("s", false));
}

TEST_P(StatementsInFlightTest, WhatTheServerClosesOrPreparesForItselfMakesTheTextDoubtfulNotAName) {
    add(injected(OnServer::prepares, "select 1"));
    add(injected(OnServer::closes, "select 2"));
    sync();
    EXPECT_TRUE(in_flight.is_doubtful_text("select 1"));
    EXPECT_TRUE(in_flight.is_doubtful_text("select 2"));
    EXPECT_FALSE(in_flight.is_doubtful("", false));
}

TEST_P(StatementsInFlightTest, WhatIsPutInThePlaceOfTheUnnamedStatementSettlesThat) {
    add(injected(OnServer::sets_unnamed, "select 1"));
    EXPECT_NE(in_flight.oldest_setting_unnamed(), nullptr);
    sync();
    EXPECT_TRUE(in_flight.is_doubtful("", false));
    EXPECT_FALSE(in_flight.is_doubtful_text("select 1")) << "it is on no server by its text";
    EXPECT_EQ(in_flight.oldest_of(""), nullptr) << "the client's is not changed";
    in_flight.drop_oldest();
    EXPECT_EQ(in_flight.oldest_setting_unnamed(), nullptr);
}

TEST_P(StatementsInFlightTest, ADescribeSettlesNothing) {
    add(describe());
    sync();
    EXPECT_TRUE(in_flight.has_doubtful());
    EXPECT_FALSE(in_flight.is_doubtful("", true));
    EXPECT_FALSE(in_flight.is_doubtful_text(""));
    EXPECT_EQ(in_flight.oldest_of(""), nullptr);
}

TEST_P(StatementsInFlightTest, ClosesAreKnownByTheServersName) {
    const std::string name = of("select 1")->server_name();
    add(injected(OnServer::prepares, "select 1"));
    EXPECT_FALSE(in_flight.closes(name));
    add(injected(OnServer::closes, "select 1"));
    add(injected(OnServer::closes, "select 1"));
    EXPECT_TRUE(in_flight.closes(name));
    EXPECT_FALSE(in_flight.closes(of("select 2")->server_name()));
    sync();
    EXPECT_TRUE(in_flight.closes(name));
    std::ignore = in_flight.take(2);
    EXPECT_TRUE(in_flight.closes(name)) << "the second of them";
    in_flight.drop_oldest();
    EXPECT_FALSE(in_flight.closes(name));
}

TEST_P(StatementsInFlightTest, TheOldestOfANameIsTheFirstThatChangesWhatTheClientHas) {
    add(injected(OnServer::sets_unnamed, "before"));
    add(parse("", "select 1", 1));
    add(parse("s", "select 2", 2));
    add(parse("", "select 3", 3));
    add(close_of("s"));
    ASSERT_NE(in_flight.oldest_of(""), nullptr);
    EXPECT_EQ(in_flight.oldest_of("")->own.reading, 1U);
    ASSERT_NE(in_flight.oldest_of("s"), nullptr);
    EXPECT_EQ(in_flight.oldest_of("s")->own.reading, 2U);
    EXPECT_EQ(in_flight.oldest_of("t"), nullptr);
    std::ignore = in_flight.take(2);
    EXPECT_EQ(in_flight.oldest_of("")->own.reading, 3U);
    in_flight.drop_oldest();
    ASSERT_NE(in_flight.oldest_of("s"), nullptr);
    EXPECT_FALSE(in_flight.oldest_of("s")->own) << "the Close";
    std::ignore = in_flight.take(2);
    EXPECT_EQ(in_flight.oldest_of("s"), nullptr);
}

TEST_P(StatementsInFlightTest, WhatTheOldestOfANameGoesBackToCanBeChanged) {
    add(parse("s", "select 1"));
    add(parse("s", "select 2"));
    in_flight.drop_oldest();
    in_flight.oldest_of("s")->before = own(of("select 0"));
    EXPECT_EQ(in_flight.take(1).front().before.statement->query(), "select 0");
}

TEST_P(StatementsInFlightTest, AreTakenInTheirOrder) {
    for (const char* name : {"a", "b", "c"}) add(parse(name, "select 1"));
    EXPECT_EQ(in_flight.oldest().name, "a");
    EXPECT_EQ(in_flight.take(1).front().name, "a");
    const std::vector<StatementOperation> taken = in_flight.take(2);
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0].name, "b");
    EXPECT_EQ(taken[1].name, "c");
    EXPECT_TRUE(in_flight.empty());
    add(parse("d", "select 1"));
    EXPECT_EQ(in_flight.oldest().name, "d") << "and it goes on behind that";
}

// A simple query has ended it: what fails before the query takes it back to nothing.
TEST_P(StatementsInFlightTest, BehindASimpleQueryNoUnnamedStatementComesBack) {
    const auto with_before = [](StatementOperation operation) {
        operation.before = own(of("select 0"));
        operation.unnamed_on_server = there(of("select 0"));
        return operation;
    };
    add(with_before(parse("", "select 1")));
    add(with_before(parse("s", "select 2")));
    in_flight.forget_unnamed_before();
    add(with_before(parse("", "select 3")));
    StatementOperation taken = in_flight.take(1).front();
    EXPECT_FALSE(taken.before);
    EXPECT_EQ(taken.unnamed_on_server.statement, nullptr);
    EXPECT_TRUE(in_flight.take(1).front().before) << "what has a name is not ended";
    taken = in_flight.take(1).front();
    EXPECT_TRUE(taken.before) << "it came behind the query";
    EXPECT_NE(taken.unnamed_on_server.statement, nullptr);
}

// Both hear the same; one of them always has an index, the other never. Longer runs of both end in
// the same state as well.
TEST(StatementsInFlight, AnswerAlikeWithAndWithoutTheirIndex) {
    constexpr std::size_t few = 16;
    const std::array<std::string, 3> names{"", "a", "b"};
    const std::array<std::string, 3> texts{"select 1", "select 2", "select 3"};
    std::mt19937 random(7);
    const auto choose = [&](std::size_t count) { return random() % count; };
    for (int run = 0; run < 50; ++run) {
        StatementsInFlight plain;
        StatementsInFlight indexed;
        std::size_t size = 0;
        std::uint64_t readings = 0;
        for (int step = 0; step < 200; ++step) {
            const std::size_t what = choose(8);
            if (what == 0) {
                plain.next_segment();
                indexed.next_segment();
            } else if (what == 1) {
                plain.forget_unnamed_before();
                indexed.forget_unnamed_before();
            } else if (size == few || (size > 0 && what < 5)) {
                --size;
                const StatementOperation one = plain.take(1).front();
                const StatementOperation other = indexed.take(1).front();
                ASSERT_EQ(one.own.reading, other.own.reading);
                ASSERT_EQ(one.segment, other.segment);
                ASSERT_EQ(one.before.reading, other.before.reading);
                ASSERT_EQ(one.unnamed_on_server.reading, other.unnamed_on_server.reading);
            } else {
                StatementOperation operation = parse(names[choose(3)], texts[choose(3)]);
                operation.own.reading = operation.before.reading =
                    operation.unnamed_on_server.reading = ++readings;
                if (choose(3) == 0) operation.on_server = OnServer::closes;
                if (choose(4) == 0) operation.on_server = OnServer::nothing;
                operation.of_client = choose(3) > 0;
                if (size == 0) {
                    for (std::size_t i = 0; i <= few; ++i) indexed.add(describe());
                }
                plain.add(StatementOperation(operation));
                indexed.add(std::move(operation));
                if (size++ == 0) {
                    ASSERT_EQ(indexed.take(few + 1).size(), few + 1);
                }
            }
            ASSERT_EQ(plain.empty(), indexed.empty());
            ASSERT_EQ(plain.has_doubtful(), indexed.has_doubtful());
            ASSERT_EQ(plain.oldest_setting_unnamed() == nullptr,
                      indexed.oldest_setting_unnamed() == nullptr);
            for (const std::string& name : names) {
                for (const bool anew : {false, true})
                    ASSERT_EQ(plain.is_doubtful(name, anew), indexed.is_doubtful(name, anew));
                const StatementOperation* const one = plain.oldest_of(name);
                const StatementOperation* const other = indexed.oldest_of(name);
                ASSERT_EQ(one == nullptr, other == nullptr);
                if (one != nullptr) {
                    ASSERT_EQ(one->own.reading, other->own.reading);
                }
            }
            for (const std::string& text : texts) {
                ASSERT_EQ(plain.is_doubtful_text(text), indexed.is_doubtful_text(text));
                const std::string server_name = of(text)->server_name();
                ASSERT_EQ(plain.closes(server_name), indexed.closes(server_name));
            }
        }
    }
}

// The operations are moved forward in their storage now and then.
TEST(StatementsInFlight, AreFoundInAPipelineWithoutEnd) {
    StatementsInFlight in_flight;
    constexpr std::uint64_t deep = 3000;
    for (std::uint64_t i = 0; i < 4 * deep; ++i) {
        in_flight.add(parse("s" + std::to_string(i), "select " + std::to_string(i), i));
        if (i < deep) continue;
        in_flight.next_segment();
        const std::uint64_t oldest = i - deep;
        ASSERT_EQ(in_flight.oldest().own.reading, oldest);
        const StatementOperation* const middle =
            in_flight.oldest_of("s" + std::to_string(i - deep / 2));
        ASSERT_NE(middle, nullptr);
        ASSERT_EQ(middle->own.reading, i - deep / 2);
        ASSERT_EQ(in_flight.take(1).front().own.reading, oldest);
        ASSERT_EQ(in_flight.oldest_of("s" + std::to_string(oldest)), nullptr);
    }
    EXPECT_EQ(in_flight.take(deep).size(), deep);
    EXPECT_TRUE(in_flight.empty());
    EXPECT_FALSE(in_flight.is_doubtful_text("select 1"));
}

}  // namespace
}  // namespace pgweir::pool
