#include "pool/session/channel_sql.hpp"

#include <gmock/gmock.h>

namespace pgweir::pool {
namespace {

using testing::ElementsAre;

TEST(ChannelSql, AChannelIsAnIdentifierOfExactlyItsBytes) {
    EXPECT_EQ(listen_sql("news"), R"(LISTEN "news")");
    EXPECT_EQ(unlisten_sql("news"), R"(UNLISTEN "news")");
    EXPECT_EQ(listen_sql("Odd \"name\"; \xff"), "LISTEN \"Odd \"\"name\"\"; \xff\"");
    EXPECT_EQ(listen_sql(""), R"(LISTEN "")");
}

TEST(ChannelSql, AnAsciiNameIsTheSameInEveryEncoding) {
    EXPECT_EQ(listen_in_server_encoding_sql("a \"b\"'"), R"(LISTEN "a ""b""'")");
}

TEST(ChannelSql, AnyOtherNameIsConvertedByTheServer) {
    EXPECT_EQ(listen_in_server_encoding_sql("caf\xc3\xa9"),
              "DO $pgweir$BEGIN EXECUTE pg_catalog.format('LISTEN %I',pg_catalog.convert_from("
              "pg_catalog.decode('636166c3a9','hex'),pg_catalog.getdatabaseencoding()));END"
              "$pgweir$");
}

TEST(ChannelSql, AMarkerIsHeardWhereItIsSent) {
    EXPECT_THAT(marker_sql("pgweir_1", "0.7.1"),
                ElementsAre(R"(LISTEN "pgweir_1")", R"(NOTIFY "pgweir_1",'0.7.1')"));
}

TEST(ChannelSql, StatementsAreJoinedToASimpleQuery) {
    EXPECT_EQ(joined({}), "");
    EXPECT_EQ(joined({"LISTEN a", "LISTEN b"}), "LISTEN a;LISTEN b;");
}

}  // namespace
}  // namespace pgweir::pool
