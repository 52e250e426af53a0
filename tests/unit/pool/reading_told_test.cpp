// What a client was told of its statement stays true, whoever reads the text again.
#include <string>
#include <vector>

#include "reading_fixture.hpp"

namespace pgweir::pool {
namespace {

TEST_F(ReadingTest, WhoWasToldNothingIsNotMadeToWait) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    give_back(ann);
    keep(bob);
    keep(ann);
    ann.bind("s1");
    EXPECT_EQ(ann.held_back(), 0U);
    ann.sync();
    EXPECT_EQ(got(1), "P:" + one + " B:" + one + " S");
    say("12Z", 1);
}

class Told : public ReadingTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Of, Told, testing::Values("s1", ""),
                         [](const auto& run) { return *run.param == 0 ? "Unnamed" : "Named"; });

TEST_P(Told, ABindWaitsUntilTheServerHasSaidThatItIsStillSo) {
    const std::string there = *GetParam() == 0 ? "" : one;
    told_and_moved(GetParam(), no_parameters, an_integer);
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    EXPECT_FALSE(ann.server->session().works_for_itself());
    EXPECT_EQ(got(1), "P:" + there + " D:" + there + " H");
    EXPECT_FALSE(ann.offer_again());
    EXPECT_EQ(got(1), "") << "it is asked once";
    // The table may have been made anew, and the formats are no matter.
    read_there(no_parameters, row_of("a", integer, 5, 1));
    EXPECT_EQ(got(1), "B:" + there + " S");
    say("2Z", 1);
    EXPECT_EQ(ann.received_types(), "2Z");
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(got(1), "B:" + there + " S") << "now it is known";
    say("2Z", 1);
}

TEST_P(Told, ABindOfWhatGivesOtherRowsFails) {
    told_and_moved(GetParam(), no_parameters, an_integer);
    ann.bind(GetParam());
    ann.sync();
    static_cast<void>(got(1));
    read_there(no_parameters, row_of("a", text));
    EXPECT_EQ(got(1), "B:" + none + " S");
    expect_other_result();
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U) << "it is known";
    EXPECT_EQ(got(1), "B:" + none + " S");
    expect_other_result();
}

TEST_P(Told, ADescribeOfWhatGivesOtherRowsFails) {
    told_and_moved(GetParam(), no_parameters, an_integer);
    ann.describe(GetParam());
    ann.sync();
    static_cast<void>(got(1));
    read_there(no_parameters, "");
    EXPECT_EQ(got(1), "D:" + none + " S");
    expect_other_result(1, ScriptedBackend::message('t', no_parameters));
}

TEST_P(Told, WhoPreparesItAnewIsToldAnew) {
    const std::string there = *GetParam() == 0 ? "" : one;
    told_and_moved(GetParam(), no_parameters, an_integer);
    ann.bind(GetParam());
    ann.sync();
    static_cast<void>(got(1));
    read_there(no_parameters, row_of("b", integer));
    static_cast<void>(got(1));
    expect_other_result();
    ann.close_statement(GetParam());
    ann.parse(GetParam(), "select 1");
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U);
    EXPECT_THAT(got(1), HasSubstr("P:" + there + " B:" + there + " S"));
    EXPECT_EQ(ann.session().statements.find(GetParam())->told, nullptr);
}

TEST_P(Told, ParametersAreKeptWhenTheTextIsReadAgain) {
    told_and_moved(GetParam(), parameters_of({integer, text}), an_integer);
    ann.bind(GetParam());
    const std::string there = *GetParam() == 0 ? "" : one;
    EXPECT_EQ(next_message(1), "P" + there + "\0select 1\0\0\2"s + integer + text);
}

// A description longer than the buffer was remembered as an empty one, and no Parse with that is
// read.
TEST_P(Told, TypesThatAreTooManyToBeKeptAreThoseOfTheParse) {
    const std::vector<std::string> many(5'000, integer);
    told_and_moved(GetParam(), parameters_of(many), an_integer);
    ann.bind(GetParam());
    const std::string there = *GetParam() == 0 ? "" : one;
    EXPECT_EQ(next_message(1), "P" + there + "\0select 1\0\0"s) << "no type is given";
}

TEST_P(Told, AParseThatFailsEndsTheWaiting) {
    told_and_moved(GetParam(), no_parameters, an_integer);
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    static_cast<void>(got(1));
    say("E", 1);
    EXPECT_EQ(ann.received_types(), "E") << "the error is that of the Bind";
    EXPECT_TRUE(ann.offer_again());
    static_cast<void>(got(1));
    say("Z", 1);
    EXPECT_EQ(ann.received_types(), "Z");
    EXPECT_EQ(ann.held_back(), 0U);
    ann.bind(GetParam());
    EXPECT_EQ(ann.held_back(), 1U) << "and the next is asked for again";
    EXPECT_THAT(got(1), HasSubstr("D:"));
}

TEST_P(Told, AStatementWithoutRowsIsToldAsWell) {
    told_and_moved(GetParam(), no_parameters, "");
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    static_cast<void>(got(1));
    read_there(no_parameters, an_integer);
    EXPECT_EQ(got(1), "B:" + none + " S");
    expect_other_result();
}

// PostgreSQL describes it from memory: its table may have been dropped.
TEST_P(Told, AStatementWithoutRowsIsDescribedWithoutBeingReadAgain) {
    told_and_moved(GetParam(), parameters_of({integer}), "");
    const Statement without_text("", parameters_of({integer}), "");
    ann.describe(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U);
    const std::string& stand_in = without_text.server_name();
    EXPECT_EQ(got(1), "P:" + stand_in + " D:" + stand_in + " S");
    say_bytes(ScriptedBackend::message('1', "") + description(parameters_of({integer}), ""), 1);
    say("Z", 1);
    EXPECT_EQ(ann.received(),
              description(parameters_of({integer}), "") + ScriptedBackend::message('Z', "I"));
    ann.bind(GetParam());
    EXPECT_THAT(got(1), HasSubstr("P:")) << "to run it the server reads it";
}

TEST_P(Told, ADescribeOfWhatCannotBeReadAgainTellsTheParametersFirst) {
    told_and_moved(GetParam(), parameters_of({integer}), an_integer);
    ann.describe(GetParam());
    ann.sync();
    static_cast<void>(got(1));
    say("E", 1);
    EXPECT_THAT(ann.received(),
                StartsWith(ScriptedBackend::message('t', parameters_of({integer})) + "E"));
    EXPECT_TRUE(ann.offer_again());
    static_cast<void>(got(1));
    say("Z", 1);
    ann.bind(GetParam());
    static_cast<void>(got(1));
    say("E", 1);
    EXPECT_EQ(ann.received_types(), "ZE");
}

TEST_F(ReadingTest, APortalsDescriptionTellsItsRowsNotItsParameters) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    ann.bind("s1");
    ann.describe_portal();
    ann.sync();
    EXPECT_EQ(got(), "B:" + one + " D: S");
    say_bytes(ScriptedBackend::message('2', "") +
              ScriptedBackend::message('T', row_of("a", integer, 3, 1)));
    say("Z");
    EXPECT_EQ(ann.received_types(), "2TZ");
    const ClientStatement* const own = ann.session().statements.find("s1");
    ASSERT_NE(own->told, nullptr);
    EXPECT_EQ(own->told->row, shape_of_row(an_integer));
    EXPECT_FALSE(own->told->parameters);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U) << "it was the server's present reading";
    EXPECT_EQ(got(), "B:" + one + " S");
    say("2Z");
    EXPECT_EQ(ann.received_types(), "2Z");
    give_back(ann);
    keep(bob);
    keep(ann);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(1), "P:" + one + " D:" + one + " H");
    read_there(no_parameters, row_of("a", text));
    EXPECT_EQ(got(1), "B:" + none + " S");
    expect_other_result();
}

// bob has it read anew where ann was told; his own Describe tells what it is now.
TEST_F(ReadingTest, ADescribeOfAnothersServesTheComparison) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    ann.describe("s1");
    ann.sync();
    static_cast<void>(got());
    say_bytes(description(no_parameters, an_integer));
    say("Z");
    give_back(ann);
    static_cast<void>(ann.received());
    keep(bob);
    bob.parse("b1", "select 1");
    bob.describe("b1");
    bob.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " D:" + one + " S");
    say("31");
    say_bytes(description(no_parameters, row_of("a", text)));
    say("Z");
    EXPECT_EQ(bob.received_types(), "1tTZ");
    give_back(bob);
    keep(ann);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U) << "the description is there";
    EXPECT_EQ(got(), "B:" + none + " S");
    expect_other_result(0);
}

// With other parameters the client's values would be misread: its own are given to the server.
TEST_F(ReadingTest, WhatTakesOtherParametersIsReadAgainWithThoseOfTheClient) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    ann.describe("s1");
    ann.sync();
    static_cast<void>(got());
    say_bytes(description(parameters_of({integer}), an_integer));
    say("Z");
    give_back(ann);
    static_cast<void>(ann.received());
    keep(bob);
    bob.parse("b1", "select 1");
    bob.describe("b1");
    bob.sync();
    static_cast<void>(got());
    say("31");
    say_bytes(description(parameters_of({text}), an_integer));
    say("Z");
    give_back(bob);
    keep(ann);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    settle();
    EXPECT_EQ(next_message(), "CS" + one);
    EXPECT_EQ(next_message(), "P" + one + "\0select 1\0\0\1"s + integer);
    EXPECT_EQ(got(), "D:" + one + " H");
    say("31");
    say_bytes(description(parameters_of({integer}), an_integer));
    EXPECT_TRUE(ann.offer_again());
    EXPECT_EQ(got(), "B:" + one + " S");
    say("2Z");
    EXPECT_EQ(ann.received_types(), "2Z");
}

}  // namespace
}  // namespace pgweir::pool
