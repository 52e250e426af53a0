// How gtest shows a set of effects.
#pragma once

#include <array>
#include <cstddef>
#include <ostream>
#include <string_view>

#include "protocol/sql/session_effects.hpp"

namespace pgweir::protocol {

inline void PrintTo(Effects effects, std::ostream* out) {
    constexpr std::array<std::string_view, 13> names{"state",
                                                     "reset",
                                                     "sticky",
                                                     "reads_sequence",
                                                     "advances_sequence",
                                                     "listens",
                                                     "names_statement",
                                                     "ends_transaction",
                                                     "changes_catalogue",
                                                     "empties_database",
                                                     "alters_reading",
                                                     "sets_unseen",
                                                     "runs_unseen"};
    for (std::size_t bit = 0; bit < names.size(); ++bit) {
        if (effects.contains(static_cast<Effect>(1U << bit))) *out << names[bit] << ' ';
    }
}

}  // namespace pgweir::protocol
