// Random programs on the model of statement_model.hpp. The fuzz target statement_translator plays
// the same by bytes.
#include <gtest/gtest.h>

#include <cstddef>
#include <random>

#include "tests/unit/session/statement_program.hpp"

namespace pgweir::pool {
namespace {

TEST(StatementModelTest, EveryClientIsToldWhatItWouldBeToldDirectly) {
    constexpr unsigned programs = 4000;
    constexpr unsigned steps = 60;
    for (unsigned seed = 1; seed <= programs; ++seed) {
        std::mt19937 random(seed);
        StatementProgram program([&](std::size_t of) { return random() % of; });
        for (unsigned i = 0; i < steps && !program.problem(); ++i) program.step();
        program.finish();
        ASSERT_FALSE(program.problem()) << "seed " << seed << ", " << *program.problem();
    }
}

}  // namespace
}  // namespace pgweir::pool
