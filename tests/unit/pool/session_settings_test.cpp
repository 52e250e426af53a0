#include "pool/session_settings.hpp"

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
        return idle_session_timeout(SessionSettings({{"idle_session_timeout", std::move(value)}}));
    };
    using std::chrono::milliseconds;
    EXPECT_EQ(idle_session_timeout(SessionSettings({})), milliseconds(0));
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

TEST(DifferenceSql, IsEmptyBetweenEqualSettings) {
    EXPECT_EQ(difference_sql(of({}), of({})), "");
    EXPECT_EQ(difference_sql(of({{"a", "1"}}), of({{"a", "1"}})), "");
}

TEST(DifferenceSql, SetsWhatIsNewOrDifferent) {
    EXPECT_EQ(difference_sql(of({}), of({{"timezone", "UTC"}})),
              "BEGIN;SELECT pg_catalog.set_config('timezone','UTC',false);COMMIT");
    EXPECT_EQ(difference_sql(of({{"timezone", "CET"}, {"a", "1"}}),
                             of({{"timezone", "UTC"}, {"a", "1"}, {"datestyle", "ISO, DMY"}})),
              "BEGIN;SELECT pg_catalog.set_config('datestyle','ISO, DMY',false),"
              "pg_catalog.set_config('timezone','UTC',false);COMMIT");
}

TEST(DifferenceSql, ResetsWhatIsNotWanted) {
    EXPECT_EQ(difference_sql(of({{"timezone", "UTC"}, {"datestyle", "ISO"}}), of({})),
              R"(BEGIN;RESET "datestyle";RESET "timezone";COMMIT)");
}

TEST(DifferenceSql, WaitsForNoSafeSnapshot) {
    EXPECT_EQ(difference_sql(of({{"default_transaction_deferrable", "on"}}), of({})),
              R"(BEGIN NOT DEFERRABLE;RESET "default_transaction_deferrable";COMMIT)");
}

TEST(DifferenceSql, ResetsBeforeItSets) {
    EXPECT_EQ(difference_sql(of({{"timezone", "UTC"}}), of({{"a.b", "1"}})),
              R"(BEGIN;RESET "timezone";SELECT pg_catalog.set_config('a.b','1',false);COMMIT)");
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

TEST(DifferenceSql, AnEmptyValueIsAValue) {
    EXPECT_EQ(difference_sql(of({{"search_path", "x"}}), of({{"search_path", ""}})),
              "BEGIN;SELECT pg_catalog.set_config('search_path','',false);COMMIT");
}

TEST(DifferenceSql, QuotesWhateverTheClientGave) {
    EXPECT_EQ(difference_sql(of({}), of({{"a", "it's"}})),
              "BEGIN;SELECT pg_catalog.set_config('a','it''s',false);COMMIT");
    EXPECT_EQ(difference_sql(of({}), of({{"a", "',false); DROP TABLE t; --"}})),
              "BEGIN;SELECT pg_catalog.set_config('a',''',false); DROP TABLE t; --',false);COMMIT");
    EXPECT_EQ(difference_sql(of({}), of({{"a'b", "1"}})),
              "BEGIN;SELECT pg_catalog.set_config('a''b','1',false);COMMIT");
}

TEST(DifferenceSql, ABackslashIsTheSameWithoutStandardConformingStrings) {
    EXPECT_EQ(difference_sql(of({}), of({{"a", R"(c:\x)"}})),
              R"(BEGIN;SELECT pg_catalog.set_config('a',E'c:\\x',false);COMMIT)");
    EXPECT_EQ(difference_sql(of({}), of({{"a", R"(\')"}})),
              R"(BEGIN;SELECT pg_catalog.set_config('a',E'\\''',false);COMMIT)");
    EXPECT_EQ(difference_sql(of({}), of({{R"(a\)", "1"}})),
              R"(BEGIN;SELECT pg_catalog.set_config(E'a\\','1',false);COMMIT)");
}

TEST(DifferenceSql, QuotesEachPartOfACustomName) {
    EXPECT_EQ(difference_sql(of({{"my.setting", "1"}}), of({})),
              R"(BEGIN;RESET "my"."setting";COMMIT)");
    EXPECT_EQ(difference_sql(of({{"a.b.c", "1"}}), of({})), R"(BEGIN;RESET "a"."b"."c";COMMIT)");
    EXPECT_EQ(difference_sql(of({{R"(a"b)", "1"}}), of({})), R"(BEGIN;RESET "a""b";COMMIT)");
}

// The rights to give a setting are the login's: its identity is there before all of it, and who the
// client has become comes last. SET ROLE wants the session's user to be the one that has the role.
TEST(DifferenceSql, AnIdentityIsResetFirstAndGivenLast) {
    EXPECT_EQ(difference_sql(of({{"role", "bob"}, {"session_authorization", "ann"}, {"a", "1"}}),
                             of({{"role", "eve"}, {"session_authorization", "zoe"}, {"b", "2"}})),
              "BEGIN;RESET SESSION AUTHORIZATION;RESET ROLE;RESET \"a\";"
              "SELECT pg_catalog.set_config('b','2',false);"
              "SELECT pg_catalog.set_config('session_authorization','zoe',false);"
              "SELECT pg_catalog.set_config('role','eve',false);COMMIT");
}

TEST(DifferenceSql, AnIdentityThatStaysIsLaidDownForTheOthers) {
    EXPECT_EQ(difference_sql(of({{"role", "bob"}}), of({{"role", "bob"}, {"a", "1"}})),
              "BEGIN;RESET ROLE;SELECT pg_catalog.set_config('a','1',false);"
              "SELECT pg_catalog.set_config('role','bob',false);COMMIT");
}

TEST(DifferenceSql, AnIdentityThatGoesIsReset) {
    EXPECT_EQ(difference_sql(of({{"role", "bob"}}), of({})), "BEGIN;RESET ROLE;COMMIT");
    EXPECT_EQ(difference_sql(of({}), of({{"role", "bob"}})),
              "BEGIN;SELECT pg_catalog.set_config('role','bob',false);COMMIT");
}

TEST(DifferenceSql, BetweenEqualIdentitiesThereIsNothingToDo) {
    EXPECT_EQ(difference_sql(of({{"role", "bob"}}), of({{"role", "bob"}})), "");
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

TEST(DifferenceSql, ValuesMeanTheSameWhateverTheEncodingOfTheClient) {
    EXPECT_EQ(difference_sql(of({}), of({{"a.b", "\xc3\xa4"}})),
              R"(BEGIN;SELECT pg_catalog.set_config('a.b',E'\303\244',false);COMMIT)");
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
    EXPECT_EQ(
        of({{"application_name", "x"}, {"statement_timeout", "5"}, {"app.user", "7"}}).parsing(),
        "");
    EXPECT_EQ(of({{"search_path", "a"}, {"application_name", "x"}}).parsing(),
              of({{"search_path", "a"}, {"application_name", "y"}}).parsing());
}

TEST(Parsing, DiffersWhereAStatementMeansSomethingElse) {
    for (const char* name :
         {"backslash_quote", "client_encoding", "DateStyle", "IntervalStyle", "role", "search_path",
          "session_authorization", "standard_conforming_strings", "TimeZone"}) {
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
