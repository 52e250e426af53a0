#include "conf/file/libpq_here.hpp"

#include <gmock/gmock.h>

#include "conf/file/connection_keywords.hpp"

namespace pgweir::conf {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

TEST(LibpqHere, TellsItsVersionAndItsKeywords) {
    EXPECT_GE(libpq_here().version, 100000);
    EXPECT_THAT(libpq_here().keywords, Contains("host"));
    EXPECT_THAT(libpq_here().keywords, Not(Contains("hots")));
}

// The table of versions is compared with the libpq that is installed.
TEST(LibpqHere, HasTheKeywordsThatItsVersionBrought) {
    for (const std::string_view name : connection_keywords()) {
        if (libpq_version_of(name) > libpq_here().version / 10'000) {
            EXPECT_THAT(libpq_here().keywords, Not(Contains(name)));
        } else {
            EXPECT_EQ(why_missing(name, libpq_here()), std::nullopt);
        }
    }
}

TEST(LibpqHere, AKeywordThatItDoesNotHaveIsRefusedWithTheVersionThatBringsIt) {
    const Libpq old{.version = 150012, .keywords = {"host", "user"}};
    EXPECT_EQ(why_missing("host", old), std::nullopt);
    EXPECT_EQ(why_missing("require_auth", old),
              R"("require_auth" needs libpq 16; libpq 15.12, which runs here, does not have it)");
    EXPECT_EQ(why_missing("max_protocol_version", old),
              R"("max_protocol_version" needs libpq 18; libpq 15.12, which runs here, does not )"
              "have it");
    EXPECT_EQ(why_missing("gsslib", old),
              R"("gsslib" is not possible: libpq 15.12, which runs here, does not have it)");
}

TEST(LibpqHere, AKeywordThatItsVersionHasMayHaveBeenLeftOut) {
    const Libpq bare{.version = 180001, .keywords = {"host"}};
    EXPECT_EQ(
        why_missing("sslkeylogfile", bare),
        R"("sslkeylogfile" is not possible: libpq 18.1, which runs here, was built without it)");
}

TEST(LibpqHere, ThatSaysNothingRefusesNothing) {
    EXPECT_EQ(why_missing("require_auth", Libpq{}), std::nullopt);
}

TEST(ConnectionKeywords, OfOauthAreRefusedWithTheReason) {
    for (const char* const name : {"oauth_issuer", "oauth_client_id", "oauth_scope"}) {
        EXPECT_FALSE(is_connection_keyword(name));
        EXPECT_THAT(why_refused(name), Not(IsEmpty()));
    }
}

}  // namespace
}  // namespace pgweir::conf
