#include "pool/connect/dedicated_login.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/wire/startup_options.hpp"

namespace pgweir::pool {
namespace {

using protocol::Replication;
using testing::ElementsAre;
using testing::Pair;

DedicatedLogin login(Replication replication, const std::vector<Parameter>& settings = {}) {
    return {.replication = replication,
            .settings = std::make_shared<SessionSettings>(normalise(settings))};
}

TEST(DedicatedLogin, SaysWhichKindOfReplicationInLibpqsWords) {
    EXPECT_THAT(dedicated_keywords({{"host", "h"}}, login(Replication::physical)),
                ElementsAre(Pair("host", "h"), Pair("replication", "true")));
    EXPECT_THAT(dedicated_keywords({}, login(Replication::logical)),
                ElementsAre(Pair("replication", "database")));
    EXPECT_THAT(dedicated_keywords({{"host", "h"}}, login(Replication::none)),
                ElementsAre(Pair("host", "h")));
}

TEST(DedicatedLogin, TheClientsSettingsStandAboveThePools) {
    const Keywords keywords = dedicated_keywords(
        {{"options", "-c work_mem=1MB"}, {"application_name", "pool"}, {"client_encoding", "UTF8"}},
        login(Replication::physical, {{"work_mem", "2MB"},
                                      {"application_name", "standby 1"},
                                      {"client_encoding", "LATIN1"},
                                      {"a.b", ""}}));
    EXPECT_EQ(keyword(keywords, "options"), "-c work_mem=1MB -c a.b= -c work_mem=2MB");
    EXPECT_EQ(keyword(keywords, "application_name"), "standby 1");
    EXPECT_EQ(keyword(keywords, "client_encoding"), "LATIN1");
}

TEST(DedicatedLogin, PostgresqlReadsTheOptionsAsTheClientMeantThem) {
    const std::vector<Parameter> settings{{"a.a", "two words"},    {"a.b", R"(back\slash\)"},
                                          {"a.c", "\t\n\v\f\r "},  {"a.d", ""},
                                          {"a.e", "-c x=y --z=1"}, {"a.f", "x=y"},
                                          {"strange name", "1"}};
    const Keywords keywords = dedicated_keywords({}, login(Replication::physical, settings));
    std::vector<Parameter> read;
    EXPECT_FALSE(protocol::parse_options(keyword(keywords, "options"), read));
    EXPECT_EQ(read, normalise(settings));
}

}  // namespace
}  // namespace pgweir::pool
