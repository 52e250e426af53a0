#include "pool/session/startup_settings.hpp"

#include <gmock/gmock.h>

#include <memory>

namespace pgweir::pool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class StartupSettingsTest : public testing::Test {
  protected:
    void begun_with(std::vector<Parameter> values) {
        startup_ = settings_ = std::make_shared<SessionSettings>(std::move(values));
        resets_.attach({.startup = startup_, .settings = settings_, .follows = follows_});
    }
    // What would be restored, the server's login having none of it.
    std::string restored() const {
        return resets_.restore_sql("app", [](std::string_view) { return std::string_view(); });
    }

    SettingsPtr startup_;
    SettingsPtr settings_;
    bool follows_ = true;
    StartupSettings resets_;
};

TEST_F(StartupSettingsTest, NothingIsRestoredWhereNothingWasAskedFor) {
    begun_with({});
    resets_.note("reset all", 0);
    EXPECT_THAT(restored(), IsEmpty());
    EXPECT_THAT(resets_.plainly_restoring("reset all"), IsEmpty());
}

TEST_F(StartupSettingsTest, WhatTheServerTellsOfIsLookedAtByTheServer) {
    begun_with({{"work_mem", "8MB"}});
    EXPECT_THAT(restored(), HasSubstr("work_mem")) << "it is asked whether it was RESET";
}

// PostgreSQL tells neither of a role nor of a custom setting that it was RESET.
TEST_F(StartupSettingsTest, OfWhatTheServerHidesTheTextTells) {
    begun_with({{"app.tenant", "7"}, {"role", "writer"}});
    EXPECT_THAT(restored(), Not(HasSubstr("app.tenant")));
    resets_.note("reset app.tenant", 0);
    EXPECT_THAT(restored(), HasSubstr("app.tenant"));
    resets_.note("set app.tenant to ''", 0);
    EXPECT_THAT(restored(), Not(HasSubstr("app.tenant"))) << "it is what the client wants";
    resets_.note("set role none", 0);
    EXPECT_FALSE(resets_.may_have_been_reset("role"));
    resets_.note("reset role", 0);
    EXPECT_TRUE(resets_.may_have_been_reset("role"));
}

TEST_F(StartupSettingsTest, DiscardAllHasResetAllHoweverItsTextHidesIt) {
    begun_with({{"app.tenant", "7"}});
    resets_.note_all_reset();
    EXPECT_THAT(restored(), HasSubstr("app.tenant"));
}

TEST_F(StartupSettingsTest, ResetThatIsRolledBackIsNone) {
    begun_with({{"app.tenant", "7"}});
    resets_.note("reset app.tenant", 0);
    resets_.note_failure(1);
    EXPECT_FALSE(resets_.may_have_been_reset("app.tenant"));
}

// An error answers a request before it: this one has not run.
TEST_F(StartupSettingsTest, ResetBehindAFailureIsOne) {
    begun_with({{"role", "writer"}});
    resets_.note("select 1/0", 0);
    resets_.note("reset role", 1);
    resets_.note_failure(1);
    EXPECT_TRUE(resets_.may_have_been_reset("role"));
}

TEST_F(StartupSettingsTest, ResetThatWasCommittedBeforeAFailureIsOne) {
    begun_with({{"role", "writer"}});
    resets_.note("reset role", 0);
    resets_.note_committed(1);
    resets_.note_failure(3);
    EXPECT_TRUE(resets_.may_have_been_reset("role"));
}

TEST_F(StartupSettingsTest, ResetThatItsOwnTextMayCommitIsOne) {
    begun_with({{"role", "writer"}});
    resets_.note("reset role; commit; select 1/0", 0, true);
    resets_.note_failure(1);
    EXPECT_TRUE(resets_.may_have_been_reset("role"));
}

TEST_F(StartupSettingsTest, DiscardAllStaysWhateverFailsBehindIt) {
    begun_with({{"app.tenant", "7"}});
    resets_.note_all_reset();
    resets_.note_failure(9);
    EXPECT_TRUE(resets_.may_have_been_reset("app.tenant"));
}

TEST_F(StartupSettingsTest, AFailureLeavesWhatWasDoneBefore) {
    begun_with({{"role", "writer"}});
    resets_.note("set role none", 0);
    resets_.note_committed(1);
    resets_.note("reset role", 1);
    EXPECT_TRUE(resets_.may_have_been_reset("role"));
    resets_.note_failure(2);
    EXPECT_FALSE(resets_.may_have_been_reset("role")) << "the client wants none";
}

TEST_F(StartupSettingsTest, APipelineWithoutEndIsNotKeptWithoutEnd) {
    begun_with({{"role", "writer"}});
    for (std::size_t request = 0; request < 10'000; ++request) resets_.note("reset role", request);
    EXPECT_TRUE(resets_.may_have_been_reset("role"));
}

TEST_F(StartupSettingsTest, WhatIsRestoredIsRestoredOnce) {
    begun_with({{"app.tenant", "7"}});
    resets_.note("reset app.tenant", 0);
    resets_.sent();
    resets_.forget_resets();
    EXPECT_FALSE(resets_.was_sent());
    EXPECT_FALSE(resets_.may_have_been_reset("app.tenant"));
}

TEST_F(StartupSettingsTest, StatementThatSaysWhatItResetsIsAnsweredInKind) {
    begun_with({{"timezone", "UTC"}, {"work_mem", "8MB"}});
    EXPECT_THAT(resets_.plainly_restoring("reset work_mem"),
                ElementsAre(R"(SET "work_mem" TO '8MB')"));
    EXPECT_THAT(resets_.plainly_restoring("set local work_mem to default"),
                ElementsAre(R"(SET LOCAL "work_mem" TO '8MB')"));
    EXPECT_THAT(resets_.plainly_restoring("select reset_it()"), IsEmpty());
}

TEST_F(StartupSettingsTest, InSessionPoolingFewTextsAreKept) {
    follows_ = false;
    begun_with({{"role", "writer"}});
    resets_.note_prepared("a", "select 1");
    EXPECT_EQ(resets_.prepared("a"), nullptr);
    resets_.note_prepared("a", "reset all");
    ASSERT_NE(resets_.prepared("a"), nullptr);
    EXPECT_EQ(*resets_.prepared("a"), "reset all");
    resets_.note_prepared("b", "set role none");
    EXPECT_NE(resets_.prepared("b"), nullptr) << "the server would not tell";
    resets_.note_prepared("c", std::nullopt);
    ASSERT_NE(resets_.prepared("c"), nullptr);
    EXPECT_EQ(*resets_.prepared("c"), std::nullopt) << "too long to be here";
    resets_.note_prepared("a", "select 1");
    EXPECT_EQ(resets_.prepared("a"), nullptr);
}

TEST_F(StartupSettingsTest, NothingIsLeftForTheNextClient) {
    begun_with({{"app.tenant", "7"}});
    resets_.note("reset app.tenant", 0);
    resets_.sent();
    resets_.answered();
    resets_.note_prepared("a", "reset all");
    resets_.detach();
    begun_with({{"app.tenant", "8"}});
    EXPECT_FALSE(resets_.was_sent());
    EXPECT_FALSE(resets_.take_answered());
    EXPECT_FALSE(resets_.may_have_been_reset("app.tenant"));
    EXPECT_EQ(resets_.prepared("a"), nullptr);
}

}  // namespace
}  // namespace pgweir::pool
