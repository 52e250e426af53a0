#include <cstdint>

#include "pool/session/mentioned_settings.hpp"

#include <gmock/gmock.h>

#include "protocol/sql/custom_settings.hpp"
#include "protocol/wire/message_writer.hpp"

namespace pgweir::pool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// What stands behind the names of a Bind: no formats, then the values.
std::string values_of_bind(std::initializer_list<std::string_view> values) {
    std::string bytes("\0\0\0", 3);
    bytes += static_cast<char>(values.size());
    for (const std::string_view value : values) {
        protocol::append_uint32(bytes, static_cast<std::uint32_t>(value.size()));
        bytes += value;
    }
    return bytes += std::string("\0\0", 2);
}

class MentionedSettingsTest : public testing::Test {
  protected:
    std::vector<std::string> asked() { return mentioned_.take_names_to_ask_for(none_); }
    bool note(Bytes text) { return mentioned_.note(MentionedSettings::in_text(text)); }

    const SessionSettings none_{{}};
    PoolKnowledge knowledge_;
    MentionedSettings mentioned_{knowledge_};
};

TEST_F(MentionedSettingsTest, WhatATextNamesIsAskedFor) {
    EXPECT_FALSE(note("set app.tenant to '7'"));
    EXPECT_FALSE(note("select set_config('app.other', 'x', false)"));
    EXPECT_THAT(asked(), ElementsAre("app.other", "app.tenant"));
}

TEST_F(MentionedSettingsTest, NamesAreKnownToThePoolFromThenOn) {
    ASSERT_FALSE(note("set app.tenant to '7'"));
    mentioned_.clear();
    EXPECT_THAT(asked(), ElementsAre("app.tenant"));
}

TEST_F(MentionedSettingsTest, WhatTheServerHasIsAskedForThoughThePoolHasForgottenIt) {
    const SessionSettings has({{"app.old", "1"}, {"work_mem", "8MB"}});
    EXPECT_THAT(mentioned_.take_names_to_ask_for(has), ElementsAre("app.old"));
}

TEST_F(MentionedSettingsTest, NameThatIsPutTogetherIsNotSeen) {
    EXPECT_TRUE(note("select set_config('app.' || name, 'x', false) from names"));
}

TEST_F(MentionedSettingsTest, ValuesOfABindAreNames) {
    EXPECT_FALSE(mentioned_.note_values(values_of_bind({"App.Tenant", "no name"}), true));
    EXPECT_THAT(asked(), ElementsAre("app.tenant"));
}

TEST_F(MentionedSettingsTest, ValuesThatAreNotAllHereMayHoldAName) {
    EXPECT_TRUE(mentioned_.note_values(values_of_bind({"app.tenant"}), false));
}

// PostgreSQL would cut it, so that the name is another one.
TEST_F(MentionedSettingsTest, NameThatIsTooLongIsNotSeen) {
    EXPECT_TRUE(mentioned_.note_values(values_of_bind({"app." + std::string(64, 'x')}), true));
    EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(MentionedSettingsTest, OfMoreThanAreKeptSomeAreNotSeen) {
    for (std::size_t i = 1; i < protocol::most_custom_settings; ++i)
        ASSERT_FALSE(note("set app.n" + std::to_string(i) + "=1"));
    EXPECT_TRUE(note("set app.last=1"));
    EXPECT_THAT(asked(), SizeIs(protocol::most_custom_settings));
}

}  // namespace
}  // namespace pgweir::pool
