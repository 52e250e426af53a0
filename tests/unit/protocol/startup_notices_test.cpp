// What PostgreSQL 15 sends to each packet was seen.
#include "protocol/wire/startup_notices.hpp"

#include <gtest/gtest.h>

namespace pgweir::protocol {
namespace {

std::string repeated(std::string_view text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
}

std::string remark(const std::string& name, const std::string& encoding = "UTF8") {
    const auto notices = startup_notices({{"application_name", name}}, encoding);
    return notices.empty() ? "" : notices.front().message;
}

TEST(StartupNotices, ANameThatFitsIsNotRemarkedOn) {
    EXPECT_EQ(remark(""), "");
    EXPECT_EQ(remark(std::string(63, 'a')), "");
    EXPECT_TRUE(startup_notices({{"search_path", std::string(100, 'a')}}, "UTF8").empty());
}

TEST(StartupNotices, ALongApplicationNameIsTruncated) {
    const auto notices = startup_notices({{"application_name", std::string(64, 'a')}}, "UTF8");
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].severity, "NOTICE");
    EXPECT_EQ(notices[0].code, "42622");
    EXPECT_EQ(notices[0].message, "identifier \"" + std::string(64, 'a') +
                                      "\" will be truncated to \"" + std::string(63, 'a') + '"');
    EXPECT_EQ(startup_notices({{"Application_NAME", std::string(64, 'a')}}, "UTF8").size(), 1U);
}

TEST(StartupNotices, NamesAreCutBetweenCharacters) {
    const std::string e_acute = "\xc3\xa9";
    const std::string name = repeated(e_acute, 40);
    EXPECT_EQ(remark(name),
              "identifier \"" + name + "\" will be truncated to \"" + repeated(e_acute, 31) + '"');
    EXPECT_EQ(remark(name, "LATIN1"),
              "identifier \"" + name + "\" will be truncated to \"" + name.substr(0, 63) + '"');
    const std::string end = std::string(62, 'c') + e_acute;
    EXPECT_EQ(remark(end),
              "identifier \"" + end + "\" will be truncated to \"" + std::string(62, 'c') + '"');
    const std::string no_utf8 = std::string(62, 'e') + "\xff\xfe";
    EXPECT_EQ(remark(no_utf8), "identifier \"" + no_utf8 + "\" will be truncated to \"" +
                                   no_utf8.substr(0, 63) + '"');
}

TEST(StartupNotices, EachOfSeveralIsRemarkedOnInOrder) {
    const auto notices = startup_notices(
        {{"application_name", std::string(70, 'z')}, {"application_name", std::string(80, 'q')}},
        "UTF8");
    ASSERT_EQ(notices.size(), 2U);
    EXPECT_TRUE(notices[0].message.starts_with("identifier \"zzz"));
    EXPECT_TRUE(notices[1].message.starts_with("identifier \"qqq"));
}

TEST(StartupNotices, ClientMinMessagesCountsFromWhereItStands) {
    const Parameter name{"application_name", std::string(64, 'a')};
    EXPECT_TRUE(startup_notices({{"client_min_messages", "Error"}, name}, "UTF8").empty());
    EXPECT_TRUE(startup_notices({{"client_min_messages", "warning"}, name}, "UTF8").empty());
    EXPECT_EQ(startup_notices({name, {"client_min_messages", "error"}}, "UTF8").size(), 1U);
    EXPECT_EQ(startup_notices({{"client_min_messages", "log"}, name}, "UTF8").size(), 1U);
}

}  // namespace
}  // namespace pgweir::protocol
