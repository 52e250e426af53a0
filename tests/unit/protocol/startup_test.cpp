// What PostgreSQL 15 answers to each packet was seen.
#include "protocol/wire/startup.hpp"

#include <gtest/gtest.h>

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;

const std::string version_3_0 = "\0\3\0\0"s;

StartupMessage accepted(const std::string& body) {
    FirstPacket packet = parse_first_packet(body);
    auto* const startup = std::get_if<StartupMessage>(&packet);
    EXPECT_NE(startup, nullptr) << "refused: " << std::get<ErrorReport>(packet).message;
    return startup != nullptr ? std::move(*startup) : StartupMessage{};
}

ErrorReport refused(const std::string& body) {
    FirstPacket packet = parse_first_packet(body);
    auto* const report = std::get_if<ErrorReport>(&packet);
    EXPECT_NE(report, nullptr) << "accepted";
    return report != nullptr ? std::move(*report) : ErrorReport{};
}

Unanswerable unanswerable(const std::string& body) {
    FirstPacket packet = parse_first_packet(body);
    auto* const found = std::get_if<Unanswerable>(&packet);
    EXPECT_NE(found, nullptr) << "answered";
    return found != nullptr ? std::move(*found) : Unanswerable{};
}

TEST(Startup, AStartupMessageIsTakenApart) {
    const StartupMessage startup = accepted(version_3_0 +
                                            "user\0bob\0database\0app\0application_name\0psql\0"
                                            "client_encoding\0UTF8\0\0"s);
    EXPECT_EQ(startup.version, protocol_3_0);
    EXPECT_EQ(startup.user, "bob");
    EXPECT_EQ(startup.database, "app");
    EXPECT_EQ(startup.replication, Replication::none);
    EXPECT_EQ(startup.settings,
              (std::vector<Parameter>{{"application_name", "psql"}, {"client_encoding", "UTF8"}}));
    EXPECT_FALSE(startup.needs_negotiation());
}

TEST(Startup, TheDatabaseDefaultsToTheUser) {
    EXPECT_EQ(accepted(version_3_0 + "user\0bob\0\0"s).database, "bob");
    EXPECT_EQ(accepted(version_3_0 + "database\0\0user\0bob\0\0"s).database, "bob");
}

TEST(Startup, TheLastOfSeveralCountsAsInPostgresql) {
    const StartupMessage startup =
        accepted(version_3_0 + "user\0eve\0database\0a\0user\0bob\0database\0b\0\0"s);
    EXPECT_EQ(startup.user, "bob");
    EXPECT_EQ(startup.database, "b");
}

TEST(Startup, OptionsComeBeforeTheOtherSettings) {
    const StartupMessage startup =
        accepted(version_3_0 + "user\0bob\0work_mem\0001\0options\0-c work_mem=2\0\0"s);
    EXPECT_EQ(startup.settings, (std::vector<Parameter>{{"work_mem", "2"}, {"work_mem", "1"}}));
}

// Seen with PostgreSQL 15.
TEST(Startup, ReplicationIsABooleanOrDatabase) {
    const auto with = [](const std::string& value) {
        return version_3_0 + "user\0bob\0replication\0"s + value + "\0\0"s;
    };
    EXPECT_EQ(accepted(with("database")).replication, Replication::logical);
    for (const char* value : {"true", "TRUE", "t", "tr", "on", "yes", "y", "1"}) {
        EXPECT_EQ(accepted(with(value)).replication, Replication::physical) << value;
    }
    for (const char* value : {"false", "f", "off", "of", "OFF", "no", "n", "0"}) {
        EXPECT_EQ(accepted(with(value)).replication, Replication::none) << value;
    }
    for (const char* value : {"", "o", "2", "01", "DATABASE", "databas", "true ", "truest"}) {
        const ErrorReport report = refused(with(value));
        EXPECT_EQ(report.severity, "FATAL");
        EXPECT_EQ(report.code, "22023");
        EXPECT_EQ(report.message,
                  R"(invalid value for parameter "replication": ")" + std::string(value) + '"');
        EXPECT_EQ(report.hint, R"(Valid values are: "false", 0, "true", 1, "database".)");
    }
}

TEST(Startup, OfSeveralReplicationValuesTheLastBooleanCountsAndTheDatabaseStays) {
    const auto with = [](const std::string& first, const std::string& second) {
        return accepted(version_3_0 + "user\0bob\0replication\0"s + first + "\0replication\0"s +
                        second + "\0\0"s)
            .replication;
    };
    EXPECT_EQ(with("database", "off"), Replication::none);
    EXPECT_EQ(with("database", "on"), Replication::logical);
    EXPECT_EQ(with("off", "database"), Replication::logical);
    EXPECT_EQ(with("on", "off"), Replication::none);
}

TEST(Startup, NewerMinorVersionsAndProtocolOptionsAreNegotiated) {
    for (const std::string& version : {"\0\3\0\0"s, "\0\3\0\1"s, "\0\3\0\2"s}) {
        const StartupMessage startup = accepted(version + "user\0bob\0\0"s);
        EXPECT_FALSE(startup.needs_negotiation());
        EXPECT_EQ(startup.spoken_version(), startup.version);
    }
    for (const std::string& version : {"\0\3\0\3"s, "\0\3\xff\xff"s}) {
        const StartupMessage startup = accepted(version + "user\0bob\0\0"s);
        EXPECT_TRUE(startup.needs_negotiation());
        EXPECT_EQ(startup.spoken_version(), protocol_3_2);
    }
    const StartupMessage startup = accepted(version_3_0 + "user\0bob\0_pq_.test\0on\0_pq_.\0\0\0"s);
    EXPECT_TRUE(startup.needs_negotiation());
    EXPECT_EQ(startup.protocol_options, (std::vector<std::string>{"_pq_.test", "_pq_."}));
    EXPECT_TRUE(startup.settings.empty());
}

// CVE-2012-4575: an over-long database name ended in a fatal.
TEST(Startup, Cve20124575NamesAreCutAtWhatANameCanHold) {
    for (const std::size_t size : {1U, 62U, 63U, 64U, 65U, 1000U, 9900U}) {
        const std::string name(size, 'n');
        const StartupMessage user = accepted(version_3_0 + "user\0"s + name + "\0\0"s);
        EXPECT_EQ(user.user, name.substr(0, 63));
        EXPECT_EQ(user.database, name.substr(0, 63));
        const StartupMessage other =
            accepted(version_3_0 + "user\0bob\0database\0"s + name + "\0\0"s);
        EXPECT_EQ(other.database, name.substr(0, 63));
        // What is no name is not cut.
        EXPECT_EQ(accepted(version_3_0 + "user\0bob\0x.y\0"s + name + "\0\0"s).settings[0].second,
                  name);
        EXPECT_EQ(accepted(version_3_0 + "user\0bob\0"s + name + "\0v\0\0"s).settings[0].first,
                  name);
    }
}

TEST(Startup, AMissingTerminatorIsRefused) {
    for (const std::string& rest :
         {""s, "user\0bob\0"s, "user\0"s, "user"s, "user\0bob"s, "user\0bob\0\0x"s,
          "user\0bob\0\0\0"s, "\0user\0bob\0\0"s, "user\0bob\0\0x\0y\0\0"s, "user\0bob\0a"s}) {
        const ErrorReport report = refused(version_3_0 + rest);
        EXPECT_EQ(report.severity, "FATAL");
        EXPECT_EQ(report.code, "08P01");
        EXPECT_EQ(report.message,
                  "invalid startup packet layout: expected terminator as last byte");
    }
}

TEST(Startup, EveryTruncationIsRefused) {
    const std::string whole = version_3_0 + "user\0bob\0database\0app\0options\0-c a=b\0\0"s;
    EXPECT_EQ(accepted(whole).database, "app");
    for (std::size_t size = version_3_0.size(); size < whole.size(); ++size) {
        EXPECT_EQ(refused(whole.substr(0, size)).code, "08P01") << size;
    }
}

TEST(Startup, AMissingUserIsRefused) {
    for (const std::string& rest : {"\0"s, "user\0\0\0"s, "database\0app\0\0"s, "User\0bob\0\0"s}) {
        const ErrorReport report = refused(version_3_0 + rest);
        EXPECT_EQ(report.severity, "FATAL");
        EXPECT_EQ(report.code, "28000");
        EXPECT_EQ(report.message, "no PostgreSQL user name specified in startup packet");
    }
}

TEST(Startup, OtherMajorVersionsAreRefused) {
    const auto message_for = [](const std::string& version) {
        const ErrorReport report = refused(version + "user\0bob\0\0"s);
        EXPECT_EQ(report.severity, "FATAL");
        EXPECT_EQ(report.code, "0A000");
        return report.message;
    };
    EXPECT_EQ(message_for("\0\4\0\0"s),
              "unsupported frontend protocol 4.0: server supports 3.0 to 3.2");
    EXPECT_EQ(message_for("\0\0\0\0"s),
              "unsupported frontend protocol 0.0: server supports 3.0 to 3.2");
    EXPECT_EQ(message_for("\x04\xd2\x27\x0f"s),
              "unsupported frontend protocol 1234.9999: server supports 3.0 to 3.2");
    EXPECT_EQ(message_for("\xff\xff\xff\xff"s),
              "unsupported frontend protocol 65535.65535: server supports 3.0 to 3.2");
    EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n").code, "0A000");
}

TEST(Startup, ProtocolsBeforeTheThirdAreRefusedInTheirOwnForm) {
    EXPECT_EQ(unanswerable("\0\2\0\0user\0bob\0\0"s).answer,
              "EFATAL:  unsupported frontend protocol 2.0: server supports 3.0 to 3.2\n\0"s);
    EXPECT_EQ(unanswerable("\0\1\0\7"s).answer,
              "EFATAL:  unsupported frontend protocol 1.7: server supports 3.0 to 3.2\n\0"s);
    EXPECT_EQ(unanswerable("\0\0\0\5"s).answer,
              "EFATAL:  unsupported frontend protocol 0.5: server supports 3.0 to 3.2\n\0"s);
}

TEST(Startup, APacketWithoutAVersionIsNotAnswered) {
    for (const std::string& body : {""s, "\0"s, "\0\3"s, "\0\3\0"s}) {
        EXPECT_EQ(unanswerable(body).problem, "invalid length of startup packet");
        EXPECT_EQ(unanswerable(body).answer, "");
    }
}

TEST(Startup, TheBodyOfAnEncryptionRequestIsNotLookedAt) {
    EXPECT_TRUE(std::holds_alternative<SslRequest>(parse_first_packet("\x04\xd2\x16\x2f"s)));
    EXPECT_TRUE(std::holds_alternative<GssEncRequest>(parse_first_packet("\x04\xd2\x16\x30"s)));
    EXPECT_TRUE(std::holds_alternative<SslRequest>(parse_first_packet("\x04\xd2\x16\x2f\0"s)));
    EXPECT_TRUE(std::holds_alternative<GssEncRequest>(
        parse_first_packet("\x04\xd2\x16\x30user\0bob\0\0"s)));
}

TEST(Startup, ACancelRequestHasASecretOfUpTo256Bytes) {
    const std::string code = "\x04\xd2\x16\x2e";
    const std::string key = "\1\2\3\4\xff\0\xfe\1"s;
    const FirstPacket packet = parse_first_packet(code + key);
    EXPECT_EQ(std::get<CancelKey>(packet),
              (CancelKey{.pid = 0x01020304, .secret = "\xff\0\xfe\1"s}));
    for (std::size_t size = 0; size < 4; ++size) {
        const Unanswerable answer = unanswerable(code + key.substr(0, size));
        EXPECT_EQ(answer.answer, "");
        EXPECT_EQ(answer.problem, "invalid length of cancel request packet");
    }
    const std::string pid = key.substr(0, 4);
    for (const std::size_t size : {1U, 5U, 32U, 256U}) {
        const FirstPacket longer = parse_first_packet(code + pid + std::string(size, 'k'));
        EXPECT_EQ(std::get<CancelKey>(longer).secret, std::string(size, 'k'));
    }
    for (const std::size_t size : {0U, 257U, 9000U}) {
        EXPECT_EQ(unanswerable(code + pid + std::string(size, 'k')).problem,
                  "invalid length of cancel key in cancel request packet");
    }
}

}  // namespace
}  // namespace pgweir::protocol
