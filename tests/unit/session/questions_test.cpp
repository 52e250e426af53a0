#include "pool/session/questions.hpp"

#include <gmock/gmock.h>

#include <string>

namespace pgweir::pool {
namespace {

using namespace std::string_literals;
using protocol::ErrorReport;

// A DataRow's body with one column.
std::string row_of(std::string_view value) {
    const std::size_t size = value.size();
    std::string body = "\0\1"s;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        body += static_cast<char>((size >> shift) & 0xffU);
    return body += value;
}

// A row of the catalogue: the name of a function and its text.
std::string function_row(std::string_view name, std::string_view text) {
    return "\0\2"s + row_of(name).substr(2) + row_of(text).substr(2);
}

TEST(Questions, AreAnsweredInTheirOrder) {
    Questions questions;
    EXPECT_FALSE(questions.any());
    questions.asked(Question::state);
    questions.asked(Question::command);
    questions.asked(Question::cleaning);
    EXPECT_TRUE(questions.is_asked(Question::command));
    EXPECT_EQ(questions.oldest(), Question::state);
    for (const Question question : {Question::state, Question::command, Question::cleaning}) {
        EXPECT_TRUE(questions.any());
        EXPECT_EQ(questions.answered().question, question);
        EXPECT_FALSE(questions.is_asked(question));
    }
    EXPECT_FALSE(questions.any());
}

// One slot held the errors of all: a refused reading of the catalogue counted as a failed cleaning.
TEST(Questions, AnErrorBelongsToTheQuestionThatItAnswers) {
    Questions questions;
    questions.asked(Question::catalogue);
    questions.asked(Question::state);
    questions.failed(ErrorReport::error(protocol::sqlstate::lock_not_available, "locked"));
    const Questions::Answer refused = questions.answered();
    EXPECT_TRUE(refused.failed_with(protocol::sqlstate::lock_not_available));
    EXPECT_FALSE(refused.failed_with(protocol::sqlstate::query_canceled));
    const Questions::Answer next = questions.answered();
    EXPECT_EQ(next.question, Question::state);
    EXPECT_FALSE(next.error);
    EXPECT_FALSE(next.failed_with(protocol::sqlstate::lock_not_available));
}

TEST(Questions, RowsGoToTheReaderOfTheOldest) {
    Questions questions;
    questions.asked(Question::catalogue);
    questions.asked(Question::catalogue);
    questions.row(function_row("f", "SELECT lastval()"), true);
    const auto first = questions.answered().take<CataloguePtr>();
    ASSERT_NE(first, nullptr);
    EXPECT_TRUE(first->effects.find("f").any());
    const auto second = questions.answered().take<CataloguePtr>();
    ASSERT_NE(second, nullptr);
    EXPECT_TRUE(second->effects.empty());
}

TEST(Questions, TheCatalogueKnowsWhatTheConfigurationCallsSticky) {
    Questions questions;
    questions.asked(Question::catalogue, "leaves_something");
    const auto catalogue = questions.answered().take<CataloguePtr>();
    ASSERT_NE(catalogue, nullptr);
    EXPECT_TRUE(catalogue->effects.find("leaves_something").any());
}

TEST(Questions, ARowThatComesInPartsIsOne) {
    const std::string row = function_row("f", "SELECT lastval()");
    for (std::size_t first = 1; first < row.size(); ++first) {
        for (const std::size_t second : {first, (first + row.size()) / 2}) {
            Questions questions;
            questions.asked(Question::catalogue);
            questions.row(row.substr(0, first), false);
            questions.more_of_row(row.substr(first, second - first), false);
            questions.more_of_row(row.substr(second), true);
            const auto catalogue = questions.answered().take<CataloguePtr>();
            EXPECT_EQ(catalogue->effects.find("f"), protocol::Effect::reads_sequence) << first;
        }
    }
}

TEST(Questions, OfARowThatIsTooLongOnlyTheBeginningIsKnown) {
    Questions questions;
    questions.asked(Question::catalogue);
    const std::string row = function_row("f", std::string(9U << 20U, 'x'));
    questions.row(row.substr(0, 16'384), false);
    questions.more_of_row(row.substr(16'384), true);
    const auto catalogue = questions.answered().take<CataloguePtr>();
    EXPECT_TRUE(catalogue->effects.find("f").contains(protocol::Effect::state));
}

TEST(Questions, AfterAnErrorNothingIsTold) {
    Questions questions;
    for (const Question question : {Question::state, Question::catalogue, Question::login_defaults,
                                    Question::login_sources, Question::command}) {
        questions.asked(question);
        questions.row(function_row("f", "SELECT lastval()"), true);
        questions.failed(ErrorReport::error("XX000", "broken"));
        Questions::Answer answer = questions.answered();
        EXPECT_TRUE(std::holds_alternative<std::monostate>(answer.told));
        EXPECT_EQ(answer.take<CataloguePtr>(), nullptr);
        EXPECT_EQ(answer.take<std::shared_ptr<LoginDefaults>>(), nullptr);
    }
}

TEST(Questions, RowsThatNobodyReadsAreNoAnswer) {
    Questions questions;
    questions.asked(Question::command);
    questions.row(row_of("1"), true);
    questions.row(row_of("1").substr(0, 4), false);
    questions.more_of_row("x", true);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(questions.answered().told));
}

}  // namespace
}  // namespace pgweir::pool
