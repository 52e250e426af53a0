#include "conf/pgbouncer/setting_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "conf/file/connection_keywords.hpp"
#include "conf/options/option_table.hpp"

namespace pgweir::conf::pgbouncer {
namespace {

constexpr std::array sections{Section::pgbouncer, Section::databases, Section::users};
constexpr std::string_view in_every_database = "databases.*.";

bool exists(Section section, std::string_view target) {
    if (target.starts_with(in_every_database)) {
        return is_connection_keyword(target.substr(in_every_database.size()));
    }
    switch (section) {
        case Section::pgbouncer:
            return find_option(target) != nullptr;
        case Section::databases:
            return find_database_option(target) != nullptr || is_connection_keyword(target);
        case Section::users:
            return find_user_option(target) != nullptr;
    }
    return false;
}

TEST(SettingTable, LeadsOnlyToOptionsAndKeywordsThatExist) {
    for (const Section section : sections) {
        for (const Setting& setting : settings(section)) {
            EXPECT_TRUE(setting.target.empty() || exists(section, setting.target)) << setting.name;
        }
    }
}

TEST(SettingTable, GivesTheReasonOfWhateverIsLeftOut) {
    for (const Section section : sections) {
        for (const Setting& setting : settings(section)) {
            const bool left_out =
                setting.verdict == Verdict::not_needed || setting.verdict == Verdict::not_supported;
            EXPECT_EQ(setting.target.empty(), left_out) << setting.name;
            EXPECT_EQ(setting.why.empty(), setting.verdict == Verdict::same) << setting.name;
        }
    }
}

TEST(SettingTable, HasNoNameTwiceAndIdleValuesOfTheirKind) {
    for (const Section section : sections) {
        std::set<std::string_view> names;
        for (const Setting& setting : settings(section)) {
            EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
            EXPECT_EQ(find_setting(section, setting.name), &setting);
            if (setting.idle) {
                EXPECT_TRUE(convert(setting.kind, *setting.idle)) << setting.name;
            }
        }
    }
}

/// An option with the same name and another meaning would be taken for the same.
TEST(SettingTable, LeadsToTheOptionOfTheSameNameWhereThereIsOne) {
    for (const Setting& setting : settings(Section::pgbouncer)) {
        for (const Option& option : options()) {
            if (option.leaf() == setting.name) {
                EXPECT_EQ(setting.target, option.path);
            }
        }
    }
}

std::string text_of(Kind kind, std::string_view value) {
    const Result<Converted> converted = convert(kind, value);
    return converted ? converted->text : "! " + converted.error().message;
}

TEST(SettingValues, ReadNumbersAsC) {
    EXPECT_EQ(text_of(Kind::number, "12"), "12");
    EXPECT_EQ(text_of(Kind::number, "0777"), "511");
    EXPECT_EQ(text_of(Kind::number, "0x1F"), "31");
    EXPECT_EQ(text_of(Kind::number, "-1"), "-1");
    EXPECT_EQ(text_of(Kind::number, "0"), "0");
    for (const char* const wrong : {"", "-", "08", "0x", "1k", "1 2", "1.5", "99999999999"}) {
        EXPECT_THAT(text_of(Kind::number, wrong), testing::StartsWith("! ")) << wrong;
    }
}

TEST(SettingValues, AreWrittenAsPgBouncerHasThem) {
    EXPECT_EQ(in_pgbouncer_notation(Kind::seconds, "90min"), "5400");
    EXPECT_EQ(in_pgbouncer_notation(Kind::seconds, "2500ms"), "2.5");
    EXPECT_EQ(in_pgbouncer_notation(Kind::seconds, "5ms"), "0.005");
    EXPECT_EQ(in_pgbouncer_notation(Kind::seconds, "0"), "0");
    EXPECT_EQ(in_pgbouncer_notation(Kind::lifetime, "1ms"), "0");
    EXPECT_EQ(in_pgbouncer_notation(Kind::flag, "false"), "0");
    EXPECT_EQ(in_pgbouncer_notation(Kind::verbosity, "debug"), "1");
    EXPECT_EQ(in_pgbouncer_notation(Kind::auth_type, "password"), "plain");
    EXPECT_EQ(in_pgbouncer_notation(Kind::word, "session"), "session");
}

TEST(SettingValues, MakeDurationsOfSeconds) {
    EXPECT_EQ(text_of(Kind::seconds, "0"), "0");
    EXPECT_EQ(text_of(Kind::seconds, "30"), "30s");
    EXPECT_EQ(text_of(Kind::seconds, "3600.0"), "1h");
    EXPECT_EQ(text_of(Kind::seconds, "1.2345"), "1235ms");
    EXPECT_EQ(text_of(Kind::seconds, "0.0001"), "1ms");
    EXPECT_EQ(text_of(Kind::seconds, "1e99"), "365d");
    EXPECT_EQ(text_of(Kind::seconds, "0x10"), "16s");
    EXPECT_EQ(text_of(Kind::lifetime, "0"), "1ms");
    EXPECT_EQ(text_of(Kind::lifetime, "60"), "1min");
    for (const char* const wrong : {"", "-1", "1s", "nan", "inf"}) {
        EXPECT_THAT(text_of(Kind::seconds, wrong), testing::StartsWith("! ")) << wrong;
    }
}

TEST(SettingValues, AreWhatPgweirCallsThem) {
    EXPECT_EQ(text_of(Kind::flag, "1"), "true");
    EXPECT_EQ(text_of(Kind::flag, "0"), "false");
    EXPECT_THAT(text_of(Kind::flag, "yes"), testing::HasSubstr("neither 0 nor 1"));
    EXPECT_EQ(text_of(Kind::word, "Session"), "session");
    EXPECT_EQ(text_of(Kind::auth_type, "plain"), "password");
    EXPECT_EQ(text_of(Kind::auth_type, "ANY"), "trust");
    EXPECT_EQ(text_of(Kind::auth_type, "SCRAM-SHA-256"), "scram-sha-256");
    EXPECT_EQ(text_of(Kind::auth_type, "PAM"), "pam");
    EXPECT_EQ(text_of(Kind::auth_type, "ldap"), "ldap");
    EXPECT_EQ(text_of(Kind::verbosity, "0"), "info");
    EXPECT_EQ(text_of(Kind::verbosity, "3"), "trace");
    EXPECT_EQ(text_of(Kind::ciphers, "normal"), "default");
    EXPECT_EQ(text_of(Kind::ciphers, "HIGH:!aNULL"), "HIGH:!aNULL");
    EXPECT_EQ(text_of(Kind::tls_versions, "tlsv1.0, tlsv1.2"), "tlsv1.2");
    EXPECT_EQ(text_of(Kind::tls_versions, "all"), "all");
}

TEST(SettingValues, ShowAHiddenOneToNobody) {
    EXPECT_EQ(convert(Kind::number, "hunter2", true).error().message,
              "the value is not a whole number");
}

TEST(ServerTlsVersions, AreALowestAndAHighest) {
    EXPECT_EQ(server_tls_versions("secure")->lowest, "TLSv1.2");
    EXPECT_EQ(server_tls_versions("secure")->highest, "");
    EXPECT_EQ(server_tls_versions("all")->lowest, "TLSv1");
    EXPECT_EQ(server_tls_versions("tlsv1.1,tlsv1.2")->highest, "TLSv1.2");
    EXPECT_EQ(server_tls_versions("tlsv1.1,tlsv1.2")->remark, "");
    EXPECT_NE(server_tls_versions("tlsv1.1,tlsv1.3")->remark, "");
    EXPECT_FALSE(server_tls_versions(""));
    EXPECT_FALSE(server_tls_versions("tlsv2"));
}

}  // namespace
}  // namespace pgweir::conf::pgbouncer
