#include "pool/session/session_state.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace pgweir::pool {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

using Row = std::array<std::optional<std::string_view>, 3>;

std::string body_of(const Row& row) {
    std::string body = "\0\3"s;
    for (const auto& value : row) {
        if (!value) {
            body += "\377\377\377\377"s;
            continue;
        }
        const auto size = static_cast<std::uint32_t>(value->size());
        for (const unsigned shift : {24U, 16U, 8U, 0U}) {
            body += static_cast<char>(size >> shift & 0xffU);
        }
        body += *value;
    }
    return body;
}

SessionState read(std::initializer_list<Row> rows) {
    StateReader reader;
    for (const Row& row : rows) reader.row(body_of(row), true);
    return reader.finish();
}

Pins only(PinReason reason) {
    Pins pins;
    pins.add(reason);
    return pins;
}

TEST(StateReader, OfNoRowsMakesNoState) {
    const SessionState state = read({});
    EXPECT_THAT(state.settings, IsEmpty());
    EXPECT_THAT(state.channels, IsEmpty());
    EXPECT_THAT(state.statements, IsEmpty());
    EXPECT_FALSE(state.pins.any());
}

TEST(StateReader, SettingsAreSortedAndLowerCased) {
    const SessionState state = read({{"s", "TimeZone", "UTC"},
                                     {"s", "DateStyle", "ISO, DMY"},
                                     {"s", "role", "ann"},
                                     {"s", "app.user", ""}});
    EXPECT_THAT(state.settings, ElementsAre(Pair("app.user", ""), Pair("datestyle", "ISO, DMY"),
                                            Pair("role", "ann"), Pair("timezone", "UTC")));
    EXPECT_FALSE(state.pins.any());
}

// In its hurried form the question tells statement_timeout by a row of its own; a rows' NULL is a
// setting that PostgreSQL shows as nothing.
TEST(StateReader, TheLastRowOfANameWinsAndANullIsEmpty) {
    const SessionState state = read({{"s", "a.b", "1"}, {"s", "a.b", std::nullopt}});
    EXPECT_THAT(state.settings, ElementsAre(Pair("a.b", "")));
}

TEST(StateReader, WhatEachTransactionBeginsWithAnewIsNoSettingOfTheSession) {
    const SessionState state = read({{"s", "transaction_isolation", "serializable"},
                                     {"s", "transaction_read_only", "on"},
                                     {"s", "transaction_deferrable", "on"},
                                     {"s", "default_transaction_read_only", "on"}});
    EXPECT_THAT(state.settings, ElementsAre(Pair("default_transaction_read_only", "on")));
}

TEST(StateReader, ASuperusersSettingIsReadAndPins) {
    const SessionState state = read({{"u", "log_statement", "all"}});
    EXPECT_THAT(state.settings, ElementsAre(Pair("log_statement", "all")));
    EXPECT_EQ(state.pins, only(PinReason::superuser_setting));
}

TEST(StateReader, EachKindOfRowHasItsReason) {
    const std::initializer_list<std::pair<std::string_view, PinReason>> kinds{
        {"t", PinReason::temporary_object},
        {"l", PinReason::advisory_lock},
        {"c", PinReason::cursor_with_hold},
        {"q", PinReason::sql_prepared},
        {"r", PinReason::replication_slot}};
    for (const auto& [kind, reason] : kinds) {
        const SessionState state = read({{kind, std::nullopt, std::nullopt}});
        EXPECT_EQ(state.pins, only(reason)) << kind;
        EXPECT_THAT(state.settings, IsEmpty());
    }
}

TEST(StateReader, ChannelsAndStatementsAreNamed) {
    const SessionState state = read({{"n", std::nullopt, "news"},
                                     {"p", std::nullopt, "s1"},
                                     {"n", std::nullopt, "other\\\\news"},
                                     {"p", std::nullopt, "s\\303\\244"}});
    EXPECT_THAT(state.channels, ElementsAre("news", "other\\news"));
    EXPECT_THAT(state.statements, ElementsAre("s1", "s\xc3\xa4"));
    EXPECT_FALSE(state.pins.any()) << "whoever asked knows which are pgweir's doing";
}

// encode(…, 'escape') writes zero bytes and those beyond ASCII as three octal digits, a backslash
// twice, and all others as they are.
TEST(StateReader, EveryByteComesThroughItsEscape) {
    std::string value;
    std::string escaped;
    for (unsigned byte = 1; byte < 256; ++byte) {
        value += static_cast<char>(byte);
        if (byte == '\\') {
            escaped += "\\\\";
        } else if (byte < 0x80) {
            escaped += static_cast<char>(byte);
        } else {
            escaped += '\\';
            for (const unsigned shift : {6U, 3U, 0U}) {
                escaped += static_cast<char>('0' + (byte >> shift & 7U));
            }
        }
    }
    EXPECT_THAT(read({{"s", "a.b", escaped}}).settings, ElementsAre(Pair("a.b", value)));
}

TEST(StateReader, AnEscapeThatEndsEarlyIsLeftOut) {
    for (const std::string_view value : {"x\\", "x\\3", "x\\30"}) {
        EXPECT_THAT(read({{"s", "a.b", value}}).settings,
                    ElementsAre(Pair("a.b", StartsWith("x"))));
    }
    EXPECT_THAT(read({{"s", "a.b", "x\\303"}}).settings, ElementsAre(Pair("a.b", "x\xc3")));
}

TEST(StateReader, WhatItDoesNotKnowPins) {
    EXPECT_EQ(read({{"z", "a", "b"}}).pins, only(PinReason::unknown));
    EXPECT_EQ(read({{"", "a", "b"}}).pins, only(PinReason::unknown));
    EXPECT_EQ(read({{"ss", "a", "b"}}).pins, only(PinReason::unknown));
    EXPECT_EQ(read({{std::nullopt, "a", "b"}}).pins, only(PinReason::unknown));
    EXPECT_THAT(read({{"z", "a", "b"}}).settings, IsEmpty());
}

TEST(StateReader, ARowThatIsTooLongOrEndsEarlyPins) {
    const std::string body = body_of({"s", "a.b", "value"});
    for (std::size_t size = 0; size <= body.size(); ++size) {
        StateReader reader;
        reader.row(std::string_view(body).substr(0, size), true);
        EXPECT_EQ(reader.finish().pins.contains(PinReason::unknown), size < body.size()) << size;
    }
    StateReader reader;
    reader.row(body, false);
    const SessionState state = reader.finish();
    EXPECT_EQ(state.pins, only(PinReason::unknown));
    EXPECT_THAT(state.settings, IsEmpty());
}

TEST(StateQuestion, ASuperuserCouldSetASuperusersSettingAgain) {
    EXPECT_THAT(state_question({.login = "ann"}), HasSubstr("'u'"));
    EXPECT_THAT(state_question({.login = "ann", .is_superuser = true}), Not(HasSubstr("'u'")));
}

TEST(StateQuestion, TheLoginsNameIsALiteral) {
    EXPECT_THAT(state_question({.login = "o'hara"}), HasSubstr("'o''hara'"));
    EXPECT_THAT(state_question({.login = "\xc3\xa4"}), HasSubstr("E'\\303\\244'"));
}

TEST(StateQuestion, CustomSettingsAreAskedForByName) {
    EXPECT_THAT(state_question({.login = "ann"}), Not(HasSubstr("unnest")));
    const std::vector<std::string> names{"a.b", "c'.d"};
    const std::string sql = state_question({.login = "ann", .custom_settings = names});
    EXPECT_THAT(sql, HasSubstr("ARRAY['a.b','c''.d']"));
}

// What a client's timeout is has to be read before it is put out of force, and not again behind it.
TEST(StateQuestion, AnEmptyOneIsToldOnlyIfItHadAValueAtTheStart) {
    const std::vector<std::string> names{"app.user", "app.tenant"};
    const std::vector<std::string> at_start{"app.tenant"};
    const std::string sql =
        state_question({.login = "ann", .custom_settings = names, .told_if_empty = at_start});
    EXPECT_THAT(sql, HasSubstr("ANY (ARRAY['app.tenant']::pg_catalog.text[])"));
}

TEST(StateQuestion, InAHurryTheTimeoutIsReadFirst) {
    const std::string calm = state_question({.login = "ann"});
    EXPECT_THAT(calm, Not(HasSubstr("statement_timeout")));
    const std::string hurried = state_question({.login = "ann", .hurried = true});
    const std::size_t read = hurried.find("current_setting('statement_timeout')");
    const std::size_t put_out = hurried.find("SET LOCAL statement_timeout=0");
    const std::size_t left_out = hurried.find("<>) 'statement_timeout'");
    ASSERT_NE(left_out, std::string::npos);
    EXPECT_LT(read, put_out);
    EXPECT_LT(put_out, left_out);
}

TEST(StateQuestion, NoSearchPathHasASayInIt) {
    const std::vector<std::string> names{"a.b"};
    const std::string sql =
        state_question({.login = "ann", .custom_settings = names, .hurried = true});
    for (const std::string_view plain : {" = ", " <> ", " FROM pg_settings", " unnest("}) {
        EXPECT_THAT(sql, Not(HasSubstr(std::string(plain))));
    }
}

}  // namespace
}  // namespace pgweir::pool
