#include "conf/access/regex.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace pgweir::conf {
namespace {

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
}

TEST(Regex, TakesWhatPeopleWrite) {
    for (const char* pattern :
         {"^(.*)@example\\.com$", "[a-z]{1,255}", "(([a-z]{1,63}\\.){1,8})+", "[]*+]+", "[^]*]*",
          "a\\{", "\\+*", "(a|b)*c?", "^(a.*?)b", "((a*)b)*|c+"}) {
        EXPECT_TRUE(Regex::compile(pattern)) << pattern;
    }
}

TEST(Regex, RefusesQuantifiersAsPostgresqlDoes) {
    for (const char* pattern :
         {"a++", "a**", "a?+", "a{2}{3}", "*a", "(*a)", "a|+b", "^*", "a??*"}) {
        const auto compiled = Regex::compile(pattern);
        ASSERT_FALSE(compiled) << pattern;
        EXPECT_EQ(compiled.error().message, "quantifier operand invalid") << pattern;
    }
}

TEST(Regex, RefusesWhatWouldTakeAllTimeAndMemory) {
    const std::vector<std::string> patterns{"^(.*)" + repeated("+", 57),
                                            repeated("(", 40) + "a" + repeated("+)", 40)};
    for (const std::string& pattern : patterns) EXPECT_FALSE(Regex::compile(pattern)) << pattern;
}

TEST(Regex, ComesToAnEndWithWhatIsCutShort) {
    for (const char* pattern : {"\\", "[", "[^", "[]", "a{", "[a][", "[a][^", "(", ")", "a{1,"}) {
        std::ignore = Regex::compile(pattern);
    }
}

}  // namespace
}  // namespace pgweir::conf
