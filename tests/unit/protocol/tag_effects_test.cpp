// What a command tag tells of the session.
#include <gtest/gtest.h>

#include <array>
#include <string_view>

#include "effects_printing.hpp"
#include "protocol/sql/session_effects.hpp"

namespace pgweir::protocol {
namespace {

constexpr Effects none;
constexpr Effects state = Effect::state;
constexpr Effects settings = Effect::state | Effect::reset;
constexpr Effects channels = Effect::state | Effect::listens;
constexpr Effects advances = Effect::advances_sequence;
constexpr Effects sticky = Effect::sticky;
constexpr Effects defined = Effect::state | Effect::changes_catalogue;  // as a tag tells it

struct Case {
    std::string_view sql;
    Effects effects;
};

TEST(Tag, TellsWhatTheStatementDid) {
    constexpr std::array cases{
        Case{"SELECT 1", none},
        Case{"UPDATE 1", none},
        Case{"DELETE 0", none},
        Case{"INSERT 0 1", advances},
        Case{"MERGE 3", advances},
        Case{"COPY 5", none},
        Case{"BEGIN", none},
        Case{"COMMIT", none},
        Case{"PREPARE TRANSACTION", none},
        Case{"DECLARE CURSOR", none},
        Case{"CLOSE CURSOR", none},
        Case{"NOTIFY", none},
        Case{"", none},
        Case{"SET", state},
        Case{"SET CONSTRAINTS", none},
        Case{"RESET", settings},
        Case{"DISCARD ALL", settings | Effect::listens},
        Case{"DISCARD TEMP", state},
        Case{"DISCARD PLANS", state},
        Case{"DISCARD SEQUENCES", state},
        Case{"PREPARE", state},
        Case{"DEALLOCATE", state},
        Case{"DEALLOCATE ALL", state},
        Case{"LISTEN", channels},
        Case{"UNLISTEN", channels},
        Case{"LOAD", state | sticky},
        Case{"DO", state},
        Case{"CALL", state},
        Case{"CREATE TABLE", defined},
        Case{"CREATE TABLE AS", defined},
        Case{"CREATE FUNCTION", defined},
        Case{"CREATE EVENT TRIGGER", defined},
        Case{"ALTER EXTENSION", defined},
        Case{"DROP OWNED", defined},
        Case{"IMPORT FOREIGN SCHEMA", defined},
        Case{"CREATE ROLE", state},
        Case{"CREATE SEQUENCE", state},
        Case{"ALTER SYSTEM", state},
        Case{"DROP DATABASE", state},
    };
    for (const Case& one : cases) EXPECT_EQ(effects_of_tag(one.sql), one.effects) << one.sql;
}

}  // namespace
}  // namespace pgweir::protocol
