#include "pool/session/session_settings.hpp"

#include <gmock/gmock.h>

namespace pgweir::pool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

SessionSettings of(const std::vector<Parameter>& values) {
    return SessionSettings(normalise(values));
}

TEST(SessionSettings, TellHowLongTheirClientMayBeIdle) {
    const auto time = [](std::string value) {
        return SessionSettings({{"idle_session_timeout", std::move(value)}}).idle_session_timeout();
    };
    using std::chrono::milliseconds;
    EXPECT_EQ(SessionSettings({}).idle_session_timeout(), milliseconds(0));
    EXPECT_EQ(time("5"), milliseconds(5));
    EXPECT_EQ(time("5s"), milliseconds(5000));
    EXPECT_EQ(time(" 1.5 min "), milliseconds(90'000));
    EXPECT_EQ(time("0x10"), milliseconds(16));
    EXPECT_EQ(time("2h"), milliseconds(7'200'000));
    EXPECT_EQ(time("0"), milliseconds(0));
    for (const char* nonsense : {"", "x", "5 parsecs", "1e300", "-1", "nan"}) {
        EXPECT_EQ(time(nonsense), milliseconds(0)) << nonsense;
    }
}

TEST(Normalise, SortsByNameInLowerCase) {
    EXPECT_THAT(normalise({{"TimeZone", "UTC"}, {"DateStyle", "ISO"}, {"application_name", "X y"}}),
                ElementsAre(Pair("application_name", "X y"), Pair("datestyle", "ISO"),
                            Pair("timezone", "UTC")));
    EXPECT_THAT(normalise({}), IsEmpty());
}

TEST(Normalise, TheLastOfANameWinsWhateverItsCase) {
    EXPECT_THAT(normalise({{"search_path", "a"}, {"TimeZone", "UTC"}, {"SEARCH_PATH", "b"}}),
                ElementsAre(Pair("search_path", "b"), Pair("timezone", "UTC")));
    EXPECT_THAT(normalise({{"a", "1"}, {"a", ""}}), ElementsAre(Pair("a", "")));
}

TEST(Normalise, LeavesOtherBytesOfANameAlone) {
    EXPECT_THAT(normalise({{"My.\xc3\x84", "1"}}), ElementsAre(Pair("my.\xc3\x84", "1")));
}

TEST(Normalise, OfWhatIsNormalChangesNothing) {
    const std::vector<Parameter> once = normalise({{"B", "1"}, {"a", "2"}, {"b", "3"}});
    EXPECT_EQ(normalise(once), once);
}

TEST(With, ReplacesOrAddsOneAndLeavesTheOriginal) {
    const SessionSettings settings = of({{"timezone", "UTC"}, {"a", "1"}});
    EXPECT_THAT(with(settings, "TimeZone", "CET"),
                ElementsAre(Pair("a", "1"), Pair("timezone", "CET")));
    EXPECT_THAT(with(settings, "DateStyle", "ISO"),
                ElementsAre(Pair("a", "1"), Pair("datestyle", "ISO"), Pair("timezone", "UTC")));
    EXPECT_EQ(settings.values().size(), 2U);
}

TEST(SessionSettings, FindsByExactName) {
    const SessionSettings settings = of({{"b", "2"}, {"a", "1"}, {"d", ""}});
    ASSERT_NE(settings.find("a"), nullptr);
    EXPECT_EQ(*settings.find("a"), "1");
    ASSERT_NE(settings.find("d"), nullptr);
    EXPECT_EQ(*settings.find("d"), "");
    EXPECT_EQ(settings.find("c"), nullptr);
    EXPECT_EQ(settings.find("e"), nullptr);
    EXPECT_EQ(settings.find(""), nullptr);
    EXPECT_EQ(of({}).find("a"), nullptr);
}

struct Difference {
    std::string_view why;
    std::vector<Parameter> from;
    std::vector<Parameter> to;
    std::vector<std::string> between;  // the statements, without BEGIN and COMMIT
};

void PrintTo(const Difference& difference, std::ostream* out) {
    *out << difference.why;
}

class DifferenceSql : public testing::TestWithParam<Difference> {};

TEST_P(DifferenceSql, IsOneTransaction) {
    std::vector<std::string> expected = GetParam().between;
    expected.insert(expected.begin(), "BEGIN");
    expected.emplace_back("COMMIT");
    EXPECT_EQ(difference_sql(of(GetParam().from), of(GetParam().to)), expected) << GetParam().why;
}

INSTANTIATE_TEST_SUITE_P(
    Of, DifferenceSql,
    testing::Values(Difference{"what is new is set",
                               {},
                               {{"timezone", "UTC"}},
                               {"SELECT pg_catalog.set_config('timezone','UTC',false)"}},
                    Difference{"what is other is set, and what is the same is not",
                               {{"timezone", "CET"}, {"a", "1"}},
                               {{"timezone", "UTC"}, {"a", "1"}, {"datestyle", "ISO, DMY"}},
                               {"SELECT pg_catalog.set_config('datestyle','ISO, DMY',false),"
                                "pg_catalog.set_config('timezone','UTC',false)"}},
                    Difference{"a value of null resets",
                               {{"timezone", "UTC"}, {"datestyle", "ISO"}},
                               {},
                               {"SELECT pg_catalog.set_config('datestyle',NULL,false),"
                                "pg_catalog.set_config('timezone',NULL,false)"}},
                    Difference{"what is reset comes before what is set",
                               {{"timezone", "UTC"}},
                               {{"a.b", "1"}},
                               {"SELECT pg_catalog.set_config('timezone',NULL,false),"
                                "pg_catalog.set_config('a.b','1',false)"}},
                    Difference{"limits are set late",
                               {},
                               {{"idle_session_timeout", "1"},
                                {"lock_timeout", "2"},
                                {"search_path", "a"},
                                {"statement_timeout", "3"},
                                {"work_mem", "4MB"}},
                               {"SELECT pg_catalog.set_config('search_path','a',false),"
                                "pg_catalog.set_config('work_mem','4MB',false)",
                                "SELECT pg_catalog.set_config('idle_session_timeout','1',false),"
                                "pg_catalog.set_config('lock_timeout','2',false),"
                                "pg_catalog.set_config('statement_timeout','3',false)"}},
                    Difference{"limits that are reset come first",
                               {{"statement_timeout", "0"}},
                               {{"work_mem", "4MB"}},
                               {"SELECT pg_catalog.set_config('statement_timeout',NULL,false),"
                                "pg_catalog.set_config('work_mem','4MB',false)"}},
                    Difference{"an empty value is a value",
                               {{"search_path", "x"}},
                               {{"search_path", ""}},
                               {"SELECT pg_catalog.set_config('search_path','',false)"}},
                    Difference{"a quote in a value",
                               {},
                               {{"a", "it's"}},
                               {"SELECT pg_catalog.set_config('a','it''s',false)"}},
                    Difference{
                        "a value that would be more",
                        {},
                        {{"a", "',false); DROP TABLE t; --"}},
                        {"SELECT pg_catalog.set_config('a',''',false); DROP TABLE t; --',false)"}},
                    Difference{"a quote in a name",
                               {},
                               {{"a'b", "1"}},
                               {"SELECT pg_catalog.set_config('a''b','1',false)"}},
                    Difference{"the name of a custom setting that is reset",
                               {{"my.setting", "1"}, {R"(a"b)", "1"}},
                               {},
                               {R"(SELECT pg_catalog.set_config('a"b',NULL,false),)"
                                "pg_catalog.set_config('my.setting',NULL,false)"}},
                    Difference{"a backslash means the same without standard_conforming_strings",
                               {},
                               {{"a", R"(c:\x)"}, {R"(b\)", R"(\')"}},
                               {R"(SELECT pg_catalog.set_config('a',E'c:\\x',false),)"
                                R"(pg_catalog.set_config(E'b\\',E'\\''',false))"}},
                    Difference{"values mean the same whatever the encoding of the client",
                               {},
                               {{"a.b", "\xc3\xa4"}},
                               {R"(SELECT pg_catalog.set_config('a.b',E'\303\244',false))"}}));

// The rights to give a setting are the login's: its identity is there before all of it, and who the
// client has become comes last. SET ROLE wants the session's user to be the one that has the role.
INSTANTIATE_TEST_SUITE_P(
    OfIdentities, DifferenceSql,
    testing::Values(
        Difference{"an identity is reset first and given last",
                   {{"role", "bob"}, {"session_authorization", "ann"}, {"a", "1"}},
                   {{"role", "eve"}, {"session_authorization", "zoe"}, {"statement_timeout", "2"}},
                   {"RESET SESSION AUTHORIZATION", "RESET ROLE",
                    "SELECT pg_catalog.set_config('a',NULL,false)",
                    "SELECT pg_catalog.set_config('session_authorization','zoe',false)",
                    "SELECT pg_catalog.set_config('role','eve',false)",
                    "SELECT pg_catalog.set_config('statement_timeout','2',false)"}},
        Difference{"one that stays is laid down for the others",
                   {{"role", "bob"}},
                   {{"role", "bob"}, {"a", "1"}},
                   {"RESET ROLE", "SELECT pg_catalog.set_config('a','1',false)",
                    "SELECT pg_catalog.set_config('role','bob',false)"}},
        Difference{"one that goes", {{"role", "bob"}}, {}, {"RESET ROLE"}},
        Difference{"one that comes",
                   {},
                   {{"role", "bob"}},
                   {"SELECT pg_catalog.set_config('role','bob',false)"}}));

TEST(SettingsDifference, OfEqualSettingsIsNothing) {
    EXPECT_THAT(difference_sql(of({}), of({})), IsEmpty());
    EXPECT_THAT(difference_sql(of({{"a", "1"}}), of({{"a", "1"}})), IsEmpty());
    EXPECT_THAT(difference_sql(of({{"role", "bob"}}), of({{"role", "bob"}})), IsEmpty());
}

TEST(SettingsDifference, WaitsForNoSafeSnapshot) {
    EXPECT_THAT(
        difference_sql(of({{"default_transaction_deferrable", "on"}}), of({})),
        ElementsAre("BEGIN NOT DEFERRABLE",
                    "SELECT pg_catalog.set_config('default_transaction_deferrable',NULL,false)",
                    "COMMIT"));
}

// A row has no more than 1664 columns.
TEST(SettingsDifference, OfMoreSettingsThanARowHasColumnsIsSeveralStatements) {
    const auto calls_in = [](const std::string& sql) {
        std::size_t count = 0;
        for (std::size_t at = 0; (at = sql.find("set_config(", at)) != std::string::npos; ++at)
            ++count;
        return count;
    };
    for (const std::size_t count : {999U, 1000U, 1001U, 2000U, 2500U}) {
        std::vector<Parameter> values;
        for (std::size_t i = 0; i < count; ++i) values.emplace_back("a.b" + std::to_string(i), "1");
        for (const bool comes : {false, true}) {
            const std::vector<std::string> sql =
                comes ? difference_sql(of({}), of(values)) : difference_sql(of(values), of({}));
            ASSERT_EQ(sql.size(), 2 + (count + 999) / 1000) << count;
            std::size_t sum = 0;
            for (std::size_t i = 1; i + 1 < sql.size(); ++i) {
                EXPECT_LE(calls_in(sql[i]), 1000U);
                EXPECT_THAT(sql[i], testing::StartsWith("SELECT pg_catalog.set_config("));
                EXPECT_EQ(sql[i].back(), ')');
                sum += calls_in(sql[i]);
            }
            EXPECT_EQ(sum, count);
        }
    }
}

struct Limits {
    std::vector<Parameter> from;
    std::vector<Parameter> to;
    std::vector<Parameter> lifted;
};

TEST(LimitsToLift, AreThoseOfTheFormerClientThatTheNextHasNotAlike) {
    const std::vector<Limits> cases{
        {{}, {}, {}},
        {{}, {{"statement_timeout", "1s"}}, {}},
        {{{"work_mem", "1MB"}, {"role", "bob"}}, {}, {}},
        {{{"statement_timeout", "1s"}}, {}, {{"statement_timeout", "0"}}},
        {{{"statement_timeout", "1s"}}, {{"statement_timeout", "1s"}}, {}},
        {{{"statement_timeout", "1s"}},
         {{"statement_timeout", "2s"}},
         {{"statement_timeout", "0"}}},
        {{{"statement_timeout", "0"}}, {}, {}},
        {{{"statement_timeout", "0"}}, {{"statement_timeout", "2s"}}, {}},
        {{{"idle_in_transaction_session_timeout", "1"},
          {"idle_session_timeout", "2"},
          {"lock_timeout", "3"},
          {"search_path", "a"},
          {"statement_timeout", "4"},
          {"transaction_timeout", "5"}},
         {{"lock_timeout", "3"}},
         {{"idle_in_transaction_session_timeout", "0"},
          {"idle_session_timeout", "0"},
          {"statement_timeout", "0"},
          {"transaction_timeout", "0"}}}};
    for (const Limits& one : cases) EXPECT_EQ(limits_to_lift(of(one.from), of(one.to)), one.lifted);
}

TEST(SettingSql, SetsForTheSessionOrTheTransaction) {
    EXPECT_EQ(setting_sql("work_mem", "5MB", false), "SET \"work_mem\" TO '5MB'");
    EXPECT_EQ(setting_sql("a.b", "it's", true), "SET LOCAL \"a\".\"b\" TO 'it''s'");
}

TEST(SettingSql, GivesAListOfNamesAsAWhole) {
    EXPECT_EQ(setting_sql("search_path", "a, b", true),
              "SELECT pg_catalog.set_config('search_path','a, b',true)");
    EXPECT_EQ(setting_sql("temp_tablespaces", "a, b", false),
              "SELECT pg_catalog.set_config('temp_tablespaces','a, b',false)");
}

TEST(AppendLiteral, WritesWhatIsNotPlainAsciiInOctal) {
    const auto literal = [](std::string_view value) {
        std::string sql = "=";
        append_literal(sql, value);
        return sql;
    };
    EXPECT_EQ(literal(""), "=''");
    EXPECT_EQ(literal("it's"), "='it''s'");
    EXPECT_EQ(literal("\xc3\xa4"), R"(=E'\303\244')");
    EXPECT_EQ(literal("\xff\x80\x01\x7f\n"), R"(=E'\377\200\001\177\012')");
    EXPECT_EQ(literal("\xc3'\\"), R"(=E'\303''\\')");
}

TEST(Without, LeavesOneOutWhateverItsCase) {
    const SessionSettings settings = of({{"timezone", "UTC"}, {"a", "1"}});
    EXPECT_THAT(without(settings, "TimeZone"), ElementsAre(Pair("a", "1")));
    EXPECT_EQ(without(settings, "b"), settings.values());
    EXPECT_THAT(without(of({}), "a"), IsEmpty());
    EXPECT_EQ(settings.values().size(), 2U);
}

TEST(Merge, HasBothAndThoseOfTheSecondWin) {
    EXPECT_THAT(merge(of({{"a", "1"}, {"c", "3"}}), of({{"b", "2"}, {"c", "4"}})),
                ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("c", "4")));
    EXPECT_THAT(merge(of({}), of({{"a", "1"}})), ElementsAre(Pair("a", "1")));
    EXPECT_THAT(merge(of({{"a", "1"}}), of({})), ElementsAre(Pair("a", "1")));
}

TEST(Parsing, IsTheSameWhereAStatementMeansTheSame) {
    EXPECT_EQ(of({}).parsing(), "");
    EXPECT_EQ(of({{"application_name", "x"}, {"statement_timeout", "5"}, {"log_duration", "on"}})
                  .parsing(),
              "");
    EXPECT_EQ(of({{"search_path", "a"}, {"application_name", "x"}}).parsing(),
              of({{"search_path", "a"}, {"application_name", "y"}}).parsing());
}

TEST(Parsing, DiffersWhereAStatementMeansSomethingElse) {
    for (const char* name :
         {"app.user", "backslash_quote", "client_encoding", "DateStyle", "IntervalStyle", "role",
          "search_path", "session_authorization", "standard_conforming_strings", "TimeZone"}) {
        EXPECT_NE(of({{name, "a"}}).parsing(), of({{name, "b"}}).parsing()) << name;
        EXPECT_NE(of({{name, "a"}}).parsing(), of({}).parsing()) << name;
    }
    EXPECT_NE(of({{"role", "a"}}).parsing(), of({{"session_authorization", "a"}}).parsing());
}

TEST(IsSettable, WhatASessionCanChange) {
    for (const char* name : {"application_name", "client_encoding", "DateStyle",
                             "default_transaction_read_only", "IntervalStyle", "scram_iterations",
                             "search_path", "standard_conforming_strings", "TimeZone"}) {
        EXPECT_TRUE(is_settable(name)) << name;
    }
}

TEST(IsSettable, NotWhatIsAFactAboutTheServerOrAnIdentity) {
    for (const char* name : {"in_hot_standby", "integer_datetimes", "is_superuser",
                             "server_encoding", "server_version", "session_authorization"}) {
        EXPECT_FALSE(is_settable(name)) << name;
    }
}

TEST(SettingsInterner, GivesEqualSettingsOneObject) {
    SettingsInterner interner;
    const SettingsPtr a = interner.intern({{"a", "1"}, {"b", "2"}});
    EXPECT_EQ(interner.intern({{"a", "1"}, {"b", "2"}}), a);
    EXPECT_NE(interner.intern({{"a", "1"}, {"b", "3"}}), a);
    EXPECT_NE(interner.intern({{"a", "1"}}), a);
    EXPECT_THAT(a->values(), ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(SettingsInterner, TellsNamesFromValues) {
    SettingsInterner interner;
    const SettingsPtr a = interner.intern({{"a", "b"}, {"c", "d"}});
    const SettingsPtr b = interner.intern({{"a", "c"}, {"b", "d"}});
    const SettingsPtr c = interner.intern({{"ab", ""}, {"c", "d"}});
    EXPECT_NE(a, b);
    EXPECT_NE(a, c);
}

TEST(SettingsInterner, HasOneObjectForNone) {
    SettingsInterner interner;
    EXPECT_THAT(interner.none()->values(), IsEmpty());
    EXPECT_EQ(interner.intern({}), interner.none());
}

TEST(SettingsInterner, ForgetsWhatNobodyUses) {
    SettingsInterner interner;
    SettingsPtr a = interner.intern({{"a", "1"}});
    const std::weak_ptr<const SessionSettings> watched = a;
    a.reset();
    EXPECT_TRUE(watched.expired());
    a = interner.intern({{"a", "1"}});
    EXPECT_THAT(a->values(), ElementsAre(Pair("a", "1")));
}

TEST(SettingsInterner, KeepsWhatIsUsedThroughManyOthers) {
    SettingsInterner interner;
    std::vector<SettingsPtr> kept;
    for (int i = 0; i < 5000; ++i) {
        const SettingsPtr settings = interner.intern({{"a", std::to_string(i)}});
        if (i % 10 == 0) kept.push_back(settings);
    }
    for (int i = 0; i < 5000; i += 10) {
        EXPECT_EQ(interner.intern({{"a", std::to_string(i)}}),
                  kept[static_cast<std::size_t>(i) / 10]);
    }
}

}  // namespace
}  // namespace pgweir::pool
