// Each text that sets something was tried on PostgreSQL 15.
#include "protocol/sql/custom_settings.hpp"

#include <gmock/gmock.h>

#include <string>
#include <tuple>

namespace pgweir::protocol {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> found(std::string_view sql) {
    std::vector<std::string> names;
    std::ignore = collect_custom_settings(sql, names);
    return names;
}

TEST(CustomSettings, ASetNamesIts) {
    EXPECT_THAT(found("SET app.user = '5'"), ElementsAre("app.user"));
    EXPECT_THAT(found("set app.user to 5"), ElementsAre("app.user"));
    EXPECT_THAT(found("SET\n\tapp.user=5"), ElementsAre("app.user"));
    EXPECT_THAT(found("SET SESSION app.user = 5"), ElementsAre("app.user"));
    EXPECT_THAT(found("SET LOCAL app.user = 5"), ElementsAre("app.user"));
    EXPECT_THAT(found("SET a.b.c = 5"), ElementsAre("a.b.c"));
    EXPECT_THAT(found("SET _a.b1$ = 5"), ElementsAre("_a.b1$"));
    EXPECT_THAT(found("SET a.\xc3\xa4 = 5"), ElementsAre("a.\xc3\xa4"));
}

// SESSION and LOCAL are no reserved words. These were taken for SET SESSION and SET LOCAL with a
// name that began with a dot, never asked for, and so left to the server's next client.
TEST(CustomSettings, SessionAndLocalAreAlsoFirstPartsOfNames) {
    EXPECT_THAT(found("SET session.user_id = 5"), ElementsAre("session.user_id"));
    EXPECT_THAT(found("SET local.u = 5"), ElementsAre("local.u"));
    EXPECT_THAT(found("SET SESSION session.v = 5"), ElementsAre("session.v"));
    EXPECT_THAT(found("SET \"session\".z = 5"), ElementsAre("session.z"));
    EXPECT_THAT(found("SET local . u = 5"), ElementsAre("local.u"));
}

TEST(CustomSettings, CommentsAndSpacesMayStandBetweenTheWords) {
    EXPECT_THAT(found("SET a . b = 4"), ElementsAre("a.b"));
    EXPECT_THAT(found("SET /* c */ a /* x */ . -- y\n c = 5"), ElementsAre("a.c"));
    EXPECT_THAT(found("SET LOCAL/**/a.b = 4"), ElementsAre("a.b"));
    EXPECT_THAT(found("SELECT set_config/* x */ ( -- y\n 'q.u', '7', false)"), ElementsAre("q.u"));
}

// Only 512 bytes behind the SET were looked at: the next client had what was set behind a longer
// comment, or more blanks.
TEST(CustomSettings, AGapHidesNoNameHoweverLongItIs) {
    const std::string blanks(20'000, ' ');
    const std::string gap = blanks + "/* set /* \n " + blanks + " */ */ -- set\r" + blanks;
    EXPECT_THAT(found("SET" + gap + "a.b = 1"), ElementsAre("a.b"));
    EXPECT_THAT(found("SET SESSION" + gap + "a.b = 1"), ElementsAre("a.b"));
    EXPECT_THAT(found("SET a" + gap + "." + gap + "b = 1"), ElementsAre("a.b"));
    EXPECT_THAT(found("SELECT set_config" + gap + "(" + gap + "'a.b'" + gap + ", '1', false)"),
                ElementsAre("a.b"));
    std::vector<std::string> names;
    EXPECT_FALSE(
        collect_custom_settings("SELECT set_config('a.b'" + gap + "|| 'c', '1', false)", names)
            .all());
}

TEST(CustomSettings, AGapOfAnyLengthEndsWhereTheNameBegins) {
    for (std::size_t size = 480; size < 520; ++size) {
        EXPECT_THAT(found("SET" + std::string(size, ' ') + "app.tenant = 1"),
                    ElementsAre("app.tenant"));
        EXPECT_THAT(
            found("SELECT set_config(" + std::string(size, ' ') + "'app.tenant', '1', false)"),
            ElementsAre("app.tenant"));
    }
}

TEST(CustomSettings, CommentsNest) {
    EXPECT_THAT(found("SET /* a /* b */ c */ a.b = 1"), ElementsAre("a.b"));
}

// Each of them has a long gap before it, of which the next one is a part: that is not read again
// and again, and nothing is known of what stands there.
TEST(CustomSettings, ManyBeginningsOfLongGapsAreNotReadOnceForEach) {
    std::string sql;
    for (int i = 0; i < 100'000; ++i) sql += "set /* ";
    std::vector<std::string> names;
    EXPECT_FALSE(collect_custom_settings(sql, names).all());
}

// Such names were not remembered, nor was it said that there was one.
TEST(CustomSettings, ALongNameIsCutAsPostgresqlCutsItOrNotKnown) {
    const std::string part(60, 'x');
    const std::string several = part + '.' + part + '.' + part + '.' + part;
    EXPECT_THAT(found("SET a." + part + part + " = 1"), ElementsAre("a." + part + "xxx"));
    std::vector<std::string> names;
    EXPECT_FALSE(collect_custom_settings("SET " + several + " = 1", names).all());
    EXPECT_FALSE(collect_custom_settings("SET a." + std::string(1000, 'x') + " = 1", names).all());
    EXPECT_FALSE(
        collect_custom_settings("SELECT set_config('" + several + "', '1', false)", names).all());
    EXPECT_FALSE(collect_quoted_names("SELECT sets('" + several + "', '1')", names));
    EXPECT_THAT(names, IsEmpty());
}

TEST(CustomSettings, AWordSetInACommentHidesNone) {
    EXPECT_THAT(found("-- what we set\nSET a.b = 1"), ElementsAre("a.b"));
    EXPECT_THAT(found("-- set\nSELECT set_config('a.b', '1', false)"), ElementsAre("a.b"));
}

TEST(CustomSettings, QuotedPartsCountInLowerCaseToo) {
    EXPECT_THAT(found("SET \"X\".\"Y\" = 6"), ElementsAre("x.y"));
    EXPECT_THAT(found("SET App.\"User\" = 6"), ElementsAre("app.user"));
    EXPECT_THAT(found("SET \"a.b\" = 6"), ElementsAre("a.b"));
}

TEST(CustomSettings, ASetConfigNamesIts) {
    EXPECT_THAT(found("SELECT set_config('a.b', '1', false)"), ElementsAre("a.b"));
    EXPECT_THAT(found("SELECT pg_catalog.set_config ( 'A.B' , '1', false)"), ElementsAre("a.b"));
    EXPECT_THAT(found("SELECT SET_CONFIG(E'a.b', '1', false)"), ElementsAre("a.b"));
    EXPECT_THAT(found("SELECT set_config(e'a.b', '1', false)"), ElementsAre("a.b"));
    EXPECT_THAT(found("SELECT \"set_config\"('q.r', '7', false)"), ElementsAre("q.r"));
    EXPECT_THAT(found("SELECT set_config(('q.t'), '7', false)"), ElementsAre("q.t"));
}

TEST(CustomSettings, StringsThatMayRunAreLookedInto) {
    EXPECT_THAT(found("DO $$BEGIN SET a.b = 1; END$$"), ElementsAre("a.b"));
    EXPECT_THAT(found("DO 'BEGIN PERFORM set_config(''a.b'', ''1'', false); END'"),
                ElementsAre("a.b"));
    EXPECT_THAT(found("DO E'BEGIN PERFORM set_config(\\'q.w\\', \\'7\\', false); END'"),
                ElementsAre("q.w"));
    EXPECT_THAT(found("EXECUTE format('SELECT set_config(''''a.b'''', %L, true)', x)"),
                ElementsAre("a.b"));
    EXPECT_THAT(found("EXECUTE 'SET a.b = ' || x"), ElementsAre("a.b"));
}

TEST(CustomSettings, EachNameIsFoundOnce) {
    EXPECT_THAT(found("SET a.b = 1; SET A.B = 2; SELECT set_config('a.b', '', true)"),
                ElementsAre("a.b"));
    std::vector<std::string> names{"a.b"};
    std::ignore = collect_custom_settings("SET a.b = 1; SET c.d = 1", names);
    EXPECT_THAT(names, ElementsAre("a.b", "c.d"));
}

TEST(CustomSettings, WhatIsNoCustomSettingIsNotNamed) {
    for (const char* sql : {"",
                            "SET",
                            "SET ",
                            "SET SESSION",
                            "SET timezone = 'UTC'",
                            "SET SESSION AUTHORIZATION x",
                            "SET LOCAL search_path = a",
                            "SET TIME ZONE 5",
                            "SET a. = 1",
                            "SET .b = 1",
                            "SET a..b = 1",
                            "SET 1.b = 1",
                            "SET \"a b\".c = 1",
                            "RESET a.b",
                            "SELECT offset.a",
                            "SELECT reset a.b",
                            "SELECT set_config(a.b, '1', false)",
                            "SELECT set_config('a', '1', f)",
                            "SELECT set_config(",
                            "SELECT set_config('",
                            "SELECT my_set_config('a.b')",
                            "SET \"",
                            "SET /*",
                            "SET --"}) {
        EXPECT_THAT(found(sql), IsEmpty()) << sql;
    }
}

TEST(CustomSettings, ATextMayEndAnywhere) {
    const std::string text =
        "SET SESSION /* c */ \"A\" . b = 1; SELECT set_config ( E'c.d', ''); DO "
        "'set_config(''e.f''";
    const std::vector<std::string> all = found(text);
    EXPECT_THAT(all, ElementsAre("a.b", "c.d", "e.f"));
    for (std::size_t size = 0; size < text.size(); ++size) {
        // A copy of its own size, so that a sanitizer sees what is read behind it.
        const std::string part = text.substr(0, size);
        EXPECT_LE(found(part).size(), all.size()) << part;
    }
}

// Each SET looks ahead for its name; that must not go to the end of the text each time.
TEST(CustomSettings, ALongTextFullOfBeginningsIsReadInLinearTime) {
    for (const std::string_view beginning :
         {"set/*", "set\"", "set_config(", "set ", "set_config('a'/*", "set_config($1,",
          "set_config(a,b,/*"}) {
        std::string text;
        while (text.size() < std::size_t{1} << 20U) text += beginning;
        EXPECT_THAT(found(text), IsEmpty()) << beginning;
    }
}

TEST(CustomSettings, ANameIsIdentifiersWithDotsBetween) {
    for (const char* name : {"a.b", "A.B.c", "_x.y1", "a.b$c", "\xc3\xa4.b"}) {
        EXPECT_TRUE(is_custom_setting_name(name)) << name;
    }
    for (const char* name : {"", ".", "a", "a.", ".a", "a..b", "a.1", "1.a", "a b.c", "a.b ",
                             "a.$b", "a-b.c", "a.b'"}) {
        EXPECT_FALSE(is_custom_setting_name(name)) << name;
    }
    EXPECT_TRUE(is_custom_setting_name("a." + std::string(100, 'b')));
}

NamesSeen seen(std::string_view sql, Parameters parameters = Parameters::unseen) {
    std::vector<std::string> names;
    return collect_custom_settings(sql, names, parameters);
}

// Each of these set something whose name is not in the text, and it was left to the next client.
TEST(CustomSettings, ANameThatCannotBeReadIsMissed) {
    for (const char* call :
         {"k, v, false", "'app.' || $1, $2, false", "E'app.\\x74enant', 'a', false",
          "U&'app.t', 'a', false", "$$app.tenant$$, 'a', false", "$a$app.x$a$, 'a', false",
          "/* ' */ k, 'a', false", "(SELECT k FROM prefs), 'a', false", "('app.x'), 'a', false",
          "'app.x' || 'y', 'a', false", "'app.x'\n'y', 'a', false",
          "'app.x'::varchar(7), 'a', false", "'app.x'::text || 'y', 'a', false",
          "'app.x' COLLATE \"C\", 'a', false", "'app.x'/* ', */ || 'y', 'a', false",
          "N'app.x', 'a', false",
          "'1.x', 'a', false",  // PostgreSQL 13 takes it
          "'app.%s', 'a', false", "setting_name => k, new_value => v, is_local => false"}) {
        const std::string sql = "SELECT set_config(" + std::string(call) + ")";
        EXPECT_FALSE(seen(sql).of_set_config) << call;
        EXPECT_FALSE(seen(sql, Parameters::bound).of_set_config) << call;
    }
    for (const char* sql :
         {"SELECT set_config/* /* */ ,*/('app.'||'x', 'a', false)",
          "SELECT set_config(/* /* */ ','*/ k, 'a', false)",
          "SELECT set_config -- ,\n (k, 'a', false)", "SELECT x(n) FROM set_config",
          "format('%I(%L)', 'set_config', k)", "alias set_config"}) {
        EXPECT_FALSE(seen(sql).of_set_config) << sql;
    }
}

TEST(CustomSettings, ASetWhoseNameIsNotPlainIsMissed) {
    for (const char* sql :
         {"DO $$BEGIN EXECUTE format('SET %I.%I = 1', a, b); END$$",
          "DO $$BEGIN EXECUTE 'SET ' || k || ' = 1'; END$$", "SET U&\"app\".x = 1",
          "SET app.U&\"x\" = 1", "SET \"a\"\"b\".x = 1", "EXECUTE 'SET app.n' || k || ' = 1'",
          "EXECUTE E'SET app\\x2ex = 1'", "EXECUTE 'SET app' || k || ' = 1'",
          "runs(\"SET \" + n + \" = 1\")", "runs(\"SET app.x\" . n . \" = 1\")",
          "runs(f\"SET {n} = 1\")", "runs(f\"SET app{n} = 1\")", "SET \"1a\".b = 1"}) {
        EXPECT_FALSE(seen(sql).of_set) << sql;
    }
}

// What was behind 512 bytes of blanks or of a comment was not looked at.
TEST(CustomSettings, ANameThatGoesOnFarBehindIsMissed) {
    const std::string blanks(600, ' ');
    for (const std::string& gap : {blanks, "/*" + blanks + "*/", "--" + blanks + "\n"}) {
        EXPECT_FALSE(seen("SELECT set_config('app.x'" + gap + "||'n', 'a', false)").all());
        EXPECT_FALSE(seen("SELECT set_config('app.x'::text" + gap + "||'n', 'a', false)").all());
        EXPECT_FALSE(seen("SELECT set_config(" + gap + "'app.'||'n', 'a', false)").all());
        EXPECT_FALSE(seen("SELECT set_config" + gap + "('app.'||'n', 'a', false)").all());
        EXPECT_FALSE(seen("SELECT set_config($1" + gap + "||'n', 'a', true)").all());
        EXPECT_FALSE(seen("SELECT set_config(k, v, " + gap + "true and false)").all());
        EXPECT_FALSE(seen("SET app.x" + gap + "{n} = 1").all());
    }
}

TEST(CustomSettings, APlainNameIsSeen) {
    for (const char* sql :
         {R"(SET ROLE "a b")",
          R"(SET SESSION AUTHORIZATION "a")",
          "SET LOCAL ROLE 'a'",
          "SELECT set_config('app.tenant', $1, false)",
          "SELECT set_config('app.tenant'\n, k, l)",
          "SELECT set_config /* a /* b */ , */ ( -- c\n 'app.x' /* , */ , v, false)",
          "SELECT set_config('search_path', '', false)",
          "SELECT set_config('app.z'::text, 'from a default'::text, false)",
          "DO 'BEGIN PERFORM set_config(''a.b'', ''1'', false); END'",
          "SET app.tenant = 'a'",
          "SET app.tenant='a'",
          "SET app.tenant TO 'a'",
          "SET /* /* */ ' */ app . tenant TO 'a'",
          "SET \"App\".\"User\" = 1",
          "SET LOCAL search_path TO a",
          "SET TIME ZONE 5",
          "SET SESSION AUTHORIZATION x",
          "UPDATE t SET a = 1",
          "UPDATE t SET (a, b) = r",
          "UPDATE t SET a[1] = 1",
          "UPDATE t SET \"a\"=1",
          "UPDATE t SET -- it's\n a = 1",
          "SELECT t.set, a FROM t",
          "ALTER TABLE t SET (fillfactor = 70)",
          "ON DELETE SET NULL)"}) {
        EXPECT_TRUE(seen(sql).all()) << sql;
    }
}

// Constants that are not written with one pair of quotes hid a name that a function was told to
// set: it was not asked for.
TEST(CustomSettings, AConstantIsReadAsPostgreSQLReadsIt) {
    for (const std::string_view sql :
         {"SELECT sets('a.b', '1')", "/* it's */ SELECT sets('a.b', '1')",
          "SELECT sets('a.b', '1') -- it's", "SELECT \"it's\", sets('a.b', '1')",
          "SELECT 'it''s', sets('a.b', '1')", "SELECT sets($$a.b$$, '1')",
          "SELECT sets($q$a.b$q$, '1')", R"(SELECT sets(E'a\x2eb', '1'))",
          R"(SELECT sets(U&'a\002eb', '1'))", "SELECT sets('a.'\n'b', '1')",
          "DO 'BEGIN PERFORM sets(''a.b'', ''1''); END'",
          "DO $$BEGIN PERFORM sets('a.b', 1); END$$", R"(SELECT 'it\'s', sets('a.b', '1'))"}) {
        std::vector<std::string> names;
        EXPECT_TRUE(collect_quoted_names(sql, names)) << sql;
        EXPECT_THAT(names, ElementsAre("a.b")) << sql;
    }
}

// A quote in a comment or a name, and a `$` in a word, were taken for the begin of a string.
TEST(CustomSettings, AParameterIsBoundUpToTheFirstString) {
    for (const std::string_view sql :
         {"SELECT /* it's */ set_config($1, 'a', false)", "SELECT a$b, set_config($1, 'a', false)",
          "SELECT \"it's\", set_config($1, 'a', false)",
          "-- it's\n SELECT set_config($1, 'a', false)"}) {
        EXPECT_TRUE(seen(sql, Parameters::bound).all()) << sql;
    }
    for (const std::string_view sql :
         {"SELECT 'a', set_config($1, 'a', false)", "SELECT $$a$$, set_config($1, 'a', false)",
          "SELECT \"$$\", runs($$SELECT set_config($1, 'a', false)$$)",
          "SELECT E'a', set_config($1, 'a', false)"}) {
        EXPECT_FALSE(seen(sql, Parameters::bound).of_set_config) << sql;
    }
}

// Only the text of a Parse has parameters of the protocol, and not all of them are.
TEST(CustomSettings, AParameterIsSeenWhereItIsBound) {
    for (const char* sql :
         {"SELECT set_config($1, $2, false)", "/* a */ select set_config ( $1 , 'a', $2)",
          "SELECT $1, set_config($2, $3, $4)", "WITH w AS (SELECT set_config($1, 'a', $2)) TABLE w",
          "INSERT INTO t SELECT set_config($1, 'a', false)"}) {
        EXPECT_TRUE(seen(sql, Parameters::bound).all()) << sql;
        EXPECT_FALSE(seen(sql).of_set_config) << sql;
    }
    for (const char* sql :
         {"SELECT set_config($1||'.x', $2, false)", "SELECT set_config($1||$2, 'a', false)",
          "SELECT set_config($1::text||'x', 'a', false)", "SELECT set_config($1 || 'x', 'a', f)",
          "SELECT set_config(($1::text[])[1], 'a', false)", "SELECT set_config($1[1], 'a', false)",
          "SELECT set_config($1::json->>'n', 'a', false)", "SELECT set_config($1/**/||'', 'a', f)",
          "SELECT set_config($1::regclass, 'a', false)", "SELECT set_config(trim($1), 'a', false)",
          "PREPARE x(text) AS SELECT set_config($1, 'a', false)",
          "DO 'BEGIN EXECUTE ''SELECT set_config($1, 1, false)'' USING k; END'",
          "CREATE FUNCTION f(text) RETURNS text RETURN set_config($1, 'a', false)",
          "SELECT runs('SELECT set_config($1, 1, false)', k)",
          "SELECT runs($a$SELECT set_config($1, 1, false)$a$, k)"}) {
        EXPECT_FALSE(seen(sql, Parameters::bound).of_set_config) << sql;
    }
}

// Anything that ended with `,true)`, such as the value, was taken for the third argument.
TEST(CustomSettings, OnlyAPlainTrueMakesItLocal) {
    for (const char* call : {"k, v, true", "k,v,TRUE", "new.k, 'v', true", "$1, $2, true",
                             "$1, 5, 'true'", "k , /* a */ ''v'' , ''true'' "}) {
        EXPECT_TRUE(seen("SELECT set_config(" + std::string(call) + ")").all()) << call;
    }
    for (const char* call :
         {"k, 'secret,true)', false", "lower('X'), 'v,true)', false", "k, v, false /* ,true) */",
          "k, v, -- ,true)\n false", "k, v, false and true", "k, v, true and false",
          "k, '', false), f('', true", "k, ''',true', false", "k, $a$,true)$a$, false",
          "k, $a$, true) $a$, false", "k, E'\\', true)', false", "k, v, not true", "k, true",
          "k, v, /* ' */ true", "k, v, 'false'", "k, v, \"true\"", "k, v, $1"}) {
        EXPECT_FALSE(seen("SELECT set_config(" + std::string(call) + ")").of_set_config) << call;
    }
}

// "$a$set" is no word of its own.
TEST(CustomSettings, AWordBeginsBehindADollarQuotesTag) {
    EXPECT_THAT(found("SELECT runs($a$set app.x = 1$a$)"), ElementsAre("app.x"));
}

// A megabyte of names took seconds, in which the worker served nobody.
TEST(CustomSettings, SoManyNamesThatNoProgramHasThemAreNotCollected) {
    std::string sql;
    for (int i = 0; i < 100'000; ++i) sql += "SET a.b" + std::to_string(i) + "=1;";
    std::vector<std::string> names;
    EXPECT_FALSE(collect_custom_settings(sql, names).all());
    EXPECT_EQ(names.size(), most_custom_settings);
}

TEST(CustomSettings, ThoseThatAreReadAreFoundToo) {
    std::vector<std::string> names;
    collect_settings_read("(tenant = current_setting('app.tenant'::text, true))", names);
    EXPECT_THAT(names, ElementsAre("app.tenant"));
    // A dollar quote's tag was taken for the begin of the word.
    names.clear();
    collect_settings_read("SELECT runs($a$current_setting('app.x')$a$)", names);
    EXPECT_THAT(names, ElementsAre("app.x"));
}

}  // namespace
}  // namespace pgweir::protocol
