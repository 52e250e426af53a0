#include "conf/regex.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pgweir::conf {
namespace {

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
}

TEST(Regex, TakesWhatPeopleWrite) {
    for (const char* pattern : {"^(.*)@example\\.com$", "[a-z]{1,255}", "(([a-z]{1,63}\\.){1,8})+",
                                "[]x]+", "a\\{", "(a|b)*c?"}) {
        EXPECT_TRUE(Regex::compile(pattern)) << pattern;
    }
}

TEST(Regex, RefusesWhatWouldTakeAllMemory) {
    const std::vector<std::string> patterns{"^(.*)" + repeated("+", 57),
                                            repeated("(", 40) + "a" + repeated("+)", 40),
                                            "a{255}{255}{255}", "((a{200}){200}){200}"};
    for (const std::string& pattern : patterns) {
        EXPECT_FALSE(Regex::compile(pattern)) << pattern;
    }
}

}  // namespace
}  // namespace pgweir::conf
