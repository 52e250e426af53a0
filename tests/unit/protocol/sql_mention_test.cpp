#include "protocol/sql_mention.hpp"

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

}  // namespace
}  // namespace pgweir::protocol
