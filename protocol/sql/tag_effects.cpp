// What the tag of a CommandComplete tells of the statement's effects.
#include <algorithm>
#include <array>

#include "protocol/sql/effect_words.hpp"
#include "protocol/sql/session_effects.hpp"

namespace pgweir::protocol {

namespace {

struct Tag {
    std::string_view text;
    Effects effects;
};

constexpr Effects settings = Effect::state | Effect::reset;
constexpr Effects definition = Effect::state | Effect::changes_catalogue;

// Whole tags, save for the numbers after INSERT and MERGE (src/include/tcop/cmdtaglist.h).
constexpr std::array tags{
    Tag{"CALL", Effect::state},
    Tag{"DEALLOCATE", Effect::state},
    Tag{"DEALLOCATE ALL", Effect::state},
    Tag{"DISCARD ALL", settings | Effect::listens},
    Tag{"DISCARD PLANS", Effect::state},
    Tag{"DISCARD SEQUENCES", Effect::state},
    Tag{"DISCARD TEMP", Effect::state},
    Tag{"DO", Effect::state},
    Tag{"IMPORT FOREIGN SCHEMA", definition},
    Tag{"LISTEN", Effect::state | Effect::listens},
    Tag{"LOAD", Effect::state | Effect::sticky},
    Tag{"PREPARE", Effect::state},
    Tag{"RESET", settings},
    Tag{"SET", Effect::state},
    Tag{"UNLISTEN", Effect::state | Effect::listens},
};

constexpr std::array<std::string_view, 3> verbs{"CREATE ", "ALTER ", "DROP "};
constexpr std::array<std::string_view, 2> with_numbers{"INSERT ", "MERGE "};

// Most tags (SELECT 1) have none.
constexpr WordFilter filter = [] {
    WordFilter made;
    for (const Tag& tag : tags) made.add(tag.text);
    for (const std::string_view verb : verbs) made.add_prefix(verb);
    for (const std::string_view verb : with_numbers) made.add_prefix(verb);
    return made;
}();

// What CREATE, ALTER and DROP may be about without any change to what NamedEffects is made from.
constexpr std::array<std::string_view, 16> without_effects{
    "ACCESS METHOD", "COLLATION",   "CONVERSION",   "DATABASE",
    "LARGE OBJECT",  "PUBLICATION", "ROLE",         "SEQUENCE",
    "SERVER",        "STATISTICS",  "SUBSCRIPTION", "SYSTEM",
    "TABLESPACE",    "TEXT SEARCH", "USER MAPPING", "FOREIGN DATA WRAPPER",
};

Effects effects_of_definition(std::string_view object) {
    const bool harmless = std::ranges::any_of(
        without_effects, [object](std::string_view start) { return object.starts_with(start); });
    return harmless ? Effects(Effect::state) : definition;
}

}  // namespace

Effects effects_of_tag(std::string_view tag) {
    if (tag.size() < 2 || !filter.may_hold(tag[0], tag[1], tag.size())) return {};
    for (const std::string_view verb : verbs) {
        if (tag.starts_with(verb)) return effects_of_definition(tag.substr(verb.size()));
    }
    for (const std::string_view verb : with_numbers) {
        if (tag.starts_with(verb)) return Effect::advances_sequence;
    }
    const auto* const found = std::ranges::lower_bound(tags, tag, {}, &Tag::text);
    return found != tags.end() && found->text == tag ? found->effects : Effects();
}

}  // namespace pgweir::protocol
