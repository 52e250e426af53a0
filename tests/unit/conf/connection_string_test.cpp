#include "conf/file/connection_string.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conf/file/connection_keywords.hpp"

namespace pgweir::conf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::vector<ConnectionKeyword> parse(std::string_view text) {
    const auto keywords = parse_connection_string(text);
    if (keywords) return *keywords;
    ADD_FAILURE() << keywords.error().message;
    return {};
}

TEST(KeyValueString, MayBeEmpty) {
    EXPECT_THAT(parse(" \n "), IsEmpty());
}

TEST(KeyValueString, AllowsBlanksAroundTheEqualsSign) {
    EXPECT_THAT(parse("host = a  port= 1\tuser =b"),
                ElementsAre(Pair("host", "a"), Pair("port", "1"), Pair("user", "b")));
}

TEST(KeyValueString, UnderstandsQuotesAndBackslashes) {
    EXPECT_THAT(parse(R"(a='x y' b='it\'s' c=x\ y d='' e=\\ f='\\' g=a'b)"),
                ElementsAre(Pair("a", "x y"), Pair("b", "it's"), Pair("c", "x y"), Pair("d", ""),
                            Pair("e", "\\"), Pair("f", "\\"), Pair("g", "a'b")));
}

TEST(KeyValueString, TakesTheLastOfTwoEqualKeywords) {
    EXPECT_THAT(parse("host=a port=1 host=b"), ElementsAre(Pair("host", "b"), Pair("port", "1")));
}

TEST(Uri, MayBeEmpty) {
    EXPECT_THAT(parse("postgresql://"), IsEmpty());
    EXPECT_THAT(parse("postgres://"), IsEmpty());
}

TEST(Uri, HasUserPasswordHostsPortsDatabaseAndParameters) {
    EXPECT_THAT(
        parse("postgresql://us%20er:p%40%3A@h1:1,[::1]:2/d%2Fb?sslmode=require&options=-c%20a"),
        ElementsAre(Pair("user", "us er"), Pair("password", "p@:"), Pair("host", "h1,::1"),
                    Pair("port", "1,2"), Pair("dbname", "d/b"), Pair("sslmode", "require"),
                    Pair("options", "-c a")));
}

TEST(Uri, MayLackAnyPart) {
    EXPECT_THAT(parse("postgresql:///db"), ElementsAre(Pair("dbname", "db")));
    EXPECT_THAT(parse("postgresql://h"), ElementsAre(Pair("host", "h")));
    EXPECT_THAT(parse("postgresql://h?user=u"), ElementsAre(Pair("host", "h"), Pair("user", "u")));
    EXPECT_THAT(parse("postgresql://u@"), ElementsAre(Pair("user", "u")));
    EXPECT_THAT(parse("postgresql://%2Ftmp/db"),
                ElementsAre(Pair("host", "/tmp"), Pair("dbname", "db")));
    EXPECT_THAT(parse("postgresql://a,b/"), ElementsAre(Pair("host", "a,b"), Pair("port", ",")));
}

TEST(Uri, TakesTheParametersOfJdbc) {
    EXPECT_THAT(parse("postgresql:///?ssl=true"), ElementsAre(Pair("sslmode", "require")));
}

TEST(ConnectionString, OfAnyBytesIsParsedOrRefused) {
    // Every short string over the characters that mean something.
    constexpr std::string_view alphabet = "='\\ a:@/?&%[],";
    std::size_t parsed = 0;
    for (const char* const start : {"", "a=", "postgresql://", "postgresql://a:"}) {
        for (std::size_t code = 0; code < alphabet.size() * alphabet.size() * alphabet.size();
             ++code) {
            std::string text{start};
            for (std::size_t rest = code, i = 0; i < 3; ++i, rest /= alphabet.size()) {
                text += alphabet[rest % alphabet.size()];
            }
            const auto keywords = parse_connection_string(text);
            parsed += keywords ? 1 : 0;
        }
    }
    EXPECT_GT(parsed, 0U);
}

TEST(ConnectionKeywords, ThatAreSecretAreKnown) {
    for (const char* const name :
         {"password", "sslpassword", "scram_client_key", "scram_server_key"}) {
        EXPECT_TRUE(is_secret_keyword(name));
        EXPECT_TRUE(is_connection_keyword(name));
    }
    EXPECT_FALSE(is_secret_keyword("passfile"));
}

}  // namespace
}  // namespace pgweir::conf
