#include "protocol/sql/sql_mention.hpp"

#include <gtest/gtest.h>

namespace pgweir::protocol {
namespace {

TEST(Mentions, WhatStandsInWordsStringsAndNames) {
    for (const std::string_view sql :
         {"create temp table t ()", "CREATE TEMPORARY TABLE t ()", "select * from attempts",
          "select runs('create temp table')", "do $$begin create temp table t (); end$$",
          "select * from \"temp\"", R"(select runs(E'create \x74emp table'))",
          R"(select * from U&"\0074emp")", R"(select runs(U&'\0074emp'))"}) {
        EXPECT_TRUE(mentions(sql, "temp")) << sql;
    }
}

TEST(Mentions, NotWhatStandsInComments) {
    for (const std::string_view sql :
         {"/* temp */ select 1", "select 1 -- temp", "select /* /* */ temp */ 1", "select E'\\n'",
          R"(select 'a\b')", "", "select t, emp"}) {
        EXPECT_FALSE(mentions(sql, "temp")) << sql;
    }
}

TEST(Mentions, WhatIsNotCertain) {
    for (const std::string_view sql : {R"(select U&"!0074emp" UESCAPE '!')", R"(select U&'\00e4')",
                                       R"(select '\' -- ')", R"(select E'\u00e4')"}) {
        EXPECT_TRUE(mentions(sql, "temp")) << sql;
    }
}

// The name was looked for as it is, anywhere in the text: DROP DATABASE Shop found no servers to
// close, and was refused for them; to drop `pat` closed those of `a`.
TEST(MayName, AnIdentifierAsPostgreSQLReadsIt) {
    for (const std::string_view sql :
         {"drop database shop", "DROP DATABASE Shop", "drop database/**/\"shop\"",
          R"(drop database U&"sho\0070")", "create database b template shop",
          "create database b template 'shop'", "select dblink_exec('drop database SHOP')",
          R"(drop database U&"sho!0070" UESCAPE '!')", "drop database \"shop"}) {
        EXPECT_TRUE(may_name(sql, "shop")) << sql;
    }
    for (const std::string_view sql :
         {"drop database \"Shop\"", "drop database shops", "drop database b -- shop",
          "drop /* shop */ database b", ""}) {
        EXPECT_FALSE(may_name(sql, "shop")) << sql;
    }
    EXPECT_FALSE(may_name("drop database pat", "a"));
    EXPECT_TRUE(may_name(R"(drop database "Sh""op")", "Sh\"op"));
}

}  // namespace
}  // namespace pgweir::protocol
