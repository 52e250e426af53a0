#include "pool/lending/greetings.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace pgweir::pool {
namespace {

using testing::ElementsAre;
using testing::Pair;

SessionSettings of(const std::vector<Parameter>& values) {
    return SessionSettings(normalise(values));
}

// What a server reports at a login, so far as these tests care; not sorted, as PostgreSQL's is not.
std::vector<Parameter> reported(const std::string& application_name,
                                const std::string& time_zone = "UTC") {
    return {{"server_version", "15.4"},
            {"application_name", application_name},
            {"TimeZone", time_zone}};
}

const std::string* value_of(const Greeting& greeting, std::string_view name) {
    if (!greeting) return nullptr;
    for (const Parameter& parameter : *greeting) {
        if (parameter.first == name) return &parameter.second;
    }
    return nullptr;
}

TEST(Greetings, AreCheckedByOneCallerEachInterval) {
    using std::chrono::seconds;
    Greetings greetings;
    const Clock::time_point now{std::chrono::hours(1)};
    EXPECT_TRUE(greetings.claim_check(now, seconds(5)));
    EXPECT_FALSE(greetings.claim_check(now + seconds(4), seconds(5)));
    EXPECT_TRUE(greetings.claim_check(now + seconds(4), seconds(4))) << "each with its own";
    EXPECT_TRUE(greetings.claim_check(now + seconds(9), seconds(5)));
}

TEST(Greetings, KnowNothingAtFirst) {
    const Greetings greetings;
    EXPECT_EQ(greetings.find(of({})), nullptr);
    EXPECT_EQ(greetings.find(of({{"application_name", "psql"}})), nullptr);
}

TEST(Greetings, GiveBackWhatWasRememberedInTheServersOrder) {
    Greetings greetings;
    greetings.note_login(reported("pgweir"));
    greetings.remember(of({{"timezone", "CET"}}), reported("pgweir", "CET"));
    const Greeting greeting = greetings.find(of({{"timezone", "CET"}}));
    ASSERT_NE(greeting, nullptr);
    EXPECT_THAT(*greeting,
                ElementsAre(Pair("server_version", "15.4"), Pair("application_name", "pgweir"),
                            Pair("TimeZone", "CET")));
}

TEST(Greetings, OtherSettingsAreNotKnown) {
    Greetings greetings;
    greetings.remember(of({{"timezone", "CET"}}), reported("", "CET"));
    EXPECT_EQ(greetings.find(of({})), nullptr);
    EXPECT_EQ(greetings.find(of({{"timezone", "EST"}})), nullptr);
    EXPECT_EQ(greetings.find(of({{"timezone", "CET"}, {"datestyle", "ISO"}})), nullptr);
}

TEST(Greetings, TellWhatASessionBeginsWith) {
    Greetings greetings;
    const auto defaults = greetings.intern(std::make_shared<LoginDefaults>());
    const Greeting at_login = greetings.note_login(reported("pgweir"), defaults);
    greetings.remember(of({}), reported("pgweir"));
    Beginning beginning;
    ASSERT_NE(greetings.find(of({}), &beginning), nullptr);
    EXPECT_EQ(beginning.reported, at_login);
    EXPECT_EQ(beginning.defaults, defaults);
    EXPECT_EQ(greetings.note_login(reported("pgweir"), defaults), at_login);
    EXPECT_NE(greetings.find(of({})), nullptr);
}

TEST(Greetings, AreForgottenWhenALoginBringsOtherDefaults) {
    Greetings greetings;
    const auto defaults = greetings.intern(std::make_shared<LoginDefaults>());
    EXPECT_EQ(greetings.intern(std::make_shared<LoginDefaults>()), defaults);
    greetings.note_login(reported("pgweir"), defaults);
    greetings.remember(of({}), reported("pgweir"));
    const auto others = greetings.intern(
        std::make_shared<LoginDefaults>(LoginDefaults{.given = {{"timezone", "CET"}}}));
    EXPECT_NE(others, defaults);
    greetings.note_login(reported("pgweir"), others);
    EXPECT_EQ(greetings.find(of({})), nullptr);
    EXPECT_EQ(greetings.defaults(), others);
}

TEST(Greetings, ANewerOneReplacesTheOlder) {
    Greetings greetings;
    greetings.remember(of({}), reported("", "CET"));
    greetings.remember(of({}), reported("", "EST"));
    EXPECT_EQ(*value_of(greetings.find(of({})), "TimeZone"), "EST");
}

TEST(Greetings, APlainApplicationNameIsFilledIn) {
    Greetings greetings;
    greetings.note_login(reported("pgweir"));
    greetings.remember(of({{"application_name", "psql"}}), reported("psql"));
    const Greeting greeting = greetings.find(of({{"application_name", "it's ~ me"}}));
    ASSERT_NE(greeting, nullptr);
    EXPECT_THAT(*greeting,
                ElementsAre(Pair("server_version", "15.4"), Pair("application_name", "it's ~ me"),
                            Pair("TimeZone", "UTC")));
    EXPECT_EQ(*value_of(greetings.find(of({{"application_name", "psql"}})), "application_name"),
              "psql");
    EXPECT_EQ(*value_of(greetings.find(of({{"application_name", ""}})), "application_name"), "");
}

TEST(Greetings, AClientWithoutAnApplicationNameGetsTheOneOfTheLogin) {
    Greetings greetings;
    greetings.note_login(reported("pgweir"));
    greetings.remember(of({{"application_name", "psql"}}), reported("psql"));
    EXPECT_EQ(*value_of(greetings.find(of({})), "application_name"), "pgweir");
}

TEST(Greetings, FillingInDoesNotChangeWhatOthersHold) {
    Greetings greetings;
    greetings.remember(of({{"application_name", "psql"}}), reported("psql"));
    const Greeting first = greetings.find(of({{"application_name", "psql"}}));
    const Greeting second = greetings.find(of({{"application_name", "pgbench"}}));
    EXPECT_EQ(*value_of(first, "application_name"), "psql");
    EXPECT_EQ(*value_of(second, "application_name"), "pgbench");
}

TEST(Greetings, AServerThatDoesNotReportANameIsGreetedWithoutOne) {
    Greetings greetings;
    greetings.remember(of({}), {{"server_version", "8.4"}});
    const Greeting greeting = greetings.find(of({{"application_name", "psql"}}));
    ASSERT_NE(greeting, nullptr);
    EXPECT_THAT(*greeting, ElementsAre(Pair("server_version", "8.4")));
}

// PostgreSQL replaces such characters and cuts such names, each version in its way.
TEST(Greetings, ANameThatPostgresqlRewritesHasToBeSeenFirst) {
    Greetings greetings;
    greetings.remember(of({{"application_name", "psql"}}), reported("psql"));
    for (const std::string& name :
         {std::string("caf\xc3\xa9"), std::string("tab\there"), std::string(64, 'x')}) {
        EXPECT_EQ(greetings.find(of({{"application_name", name}})), nullptr) << name;
    }
    EXPECT_NE(greetings.find(of({{"application_name", std::string(63, 'x')}})), nullptr)
        << "NAMEDATALEN - 1 characters are reported as they are";
}

TEST(Greetings, ANameThatPostgresqlRewroteIsGivenAsItWasReported) {
    Greetings greetings;
    greetings.remember(of({{"application_name", "caf\xc3\xa9"}}), reported("caf\\xc3\\xa9"));
    const Greeting greeting = greetings.find(of({{"application_name", "caf\xc3\xa9"}}));
    ASSERT_NE(greeting, nullptr);
    EXPECT_EQ(*value_of(greeting, "application_name"), "caf\\xc3\\xa9");

    const std::string long_name(80, 'x');
    greetings.remember(of({{"application_name", long_name}}), reported(std::string(63, 'x')));
    EXPECT_EQ(*value_of(greetings.find(of({{"application_name", long_name}})), "application_name"),
              std::string(63, 'x'));
}

TEST(Greetings, AnEqualLoginForgetsNothing) {
    Greetings greetings;
    greetings.note_login(reported("pgweir"));
    greetings.remember(of({}), reported("pgweir"));
    greetings.note_login(reported("pgweir"));
    EXPECT_NE(greetings.find(of({})), nullptr);
}

TEST(Greetings, ALoginThatReportsOtherValuesForgetsAll) {
    Greetings greetings;
    greetings.note_login(reported("pgweir", "UTC"));
    greetings.remember(of({}), reported("pgweir"));
    greetings.remember(of({{"a.b", "1"}}), reported("pgweir"));
    greetings.note_login(reported("pgweir", "CET"));
    EXPECT_EQ(greetings.find(of({})), nullptr);
    EXPECT_EQ(greetings.find(of({{"a.b", "1"}})), nullptr);
    greetings.remember(of({}), reported("pgweir", "CET"));
    greetings.note_login(reported("pgweir", "CET"));
    EXPECT_EQ(*value_of(greetings.find(of({})), "TimeZone"), "CET");
}

TEST(Greetings, ForgetForgetsAll) {
    Greetings greetings;
    greetings.remember(of({}), reported(""));
    greetings.forget();
    EXPECT_EQ(greetings.find(of({})), nullptr);
}

TEST(Greetings, RememberABoundedNumber) {
    Greetings greetings;
    constexpr int many = 2000;
    for (int i = 0; i < many; ++i) {
        greetings.remember(of({{"a.b", std::to_string(i)}}), reported(""));
        ASSERT_NE(greetings.find(of({{"a.b", std::to_string(i)}})), nullptr) << "the newest stays";
    }
    int known = 0;
    for (int i = 0; i < many; ++i) {
        if (greetings.find(of({{"a.b", std::to_string(i)}}))) ++known;
    }
    EXPECT_LE(known, 256);
}

TEST(Greetings, AreForManyThreads) {
    Greetings greetings;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&greetings, t] {
                for (int i = 0; i < 500; ++i) {
                    const SessionSettings settings = of({{"a.b", std::to_string(i % 7)}});
                    greetings.remember(settings, reported("x"));
                    const Greeting greeting = greetings.find(settings);
                    EXPECT_TRUE(!greeting || greeting->size() == 3U);
                    if (i % 50 == 0) greetings.note_login(reported("x", std::to_string(t)));
                    if (i % 90 == 0) greetings.forget();
                }
            });
        }
    }
    greetings.remember(of({}), reported("x"));
    EXPECT_NE(greetings.find(of({})), nullptr);
}

}  // namespace
}  // namespace pgweir::pool
