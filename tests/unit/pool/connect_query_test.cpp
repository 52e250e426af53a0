#include "pool/connect/connect_query.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgweir::pool {
namespace {

TEST(ConnectQuery, ConstantsThatAreSetGoWithTheLogin) {
    EXPECT_EQ(as_options("set enable_seqscan=off; set enable_nestloop = off"),
              "-c enable_seqscan=off -c enable_nestloop=off");
    EXPECT_EQ(as_options("SET SESSION Work_Mem TO '4MB';;"), "-c work_mem=4MB");
    EXPECT_EQ(as_options("set app.tenant = 7"), "-c app.tenant=7");
    EXPECT_EQ(as_options("set geqo_seed = -1"), "-c geqo_seed=-1");
}

TEST(ConnectQuery, BlanksAndBackslashesAreKept) {
    EXPECT_EQ(as_options("set application_name = 'a b\\c''d'"), R"(-c application_name=a\ b\\c'd)");
}

TEST(ConnectQuery, WhateverElseItDoesIsLeftToTheServer) {
    for (const std::string_view query : {"",
                                         ";",
                                         "select 1",
                                         "set x = 1; select 1",
                                         "set local x = 1",
                                         "set role ann",
                                         "set session authorization ann",
                                         "set time zone 'UTC'",
                                         "set names 'utf8'",
                                         "set x = default",
                                         "set search_path = a, b",
                                         "set x = E'a'",
                                         "set x = 'a",
                                         "set x = 1 + 1",
                                         "set transaction isolation level serializable",
                                         "set x",
                                         "-- set x = 1",
                                         "reset x",
                                         "set session characteristics as transaction read only",
                                         "set \"x\" = 1"}) {
        EXPECT_EQ(as_options(query), std::nullopt) << query;
    }
}

}  // namespace
}  // namespace pgweir::pool
