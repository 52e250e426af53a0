// Random programs on the model of session_model.hpp: each client is told what it would be told on a
// connection of its own, what is believed of a server is what it has, and a server that is free is
// clean. The fuzz target session_keeper plays the same by bytes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "tests/unit/session/session_program.hpp"

namespace pgweir::pool {
namespace {

unsigned number(const char* variable, unsigned otherwise) {
    const char* const value = std::getenv(variable);
    return value != nullptr ? static_cast<unsigned>(std::stoul(value)) : otherwise;
}

// MODEL_SEED and MODEL_PROGRAMS: from which seed, and how many. MODEL_TRACE shows all messages.
TEST(SessionKeeperModelTest, EveryClientHasTheSessionThatItWouldHaveDirectly) {
    const unsigned first = number("MODEL_SEED", 1);
    const unsigned programs = number("MODEL_PROGRAMS", 500);
    constexpr unsigned steps = 60;
    for (unsigned seed = first; seed < first + programs; ++seed) {
        std::mt19937 random(seed);
        SessionProgram program([&](std::size_t of) { return random() % of; });
        for (unsigned i = 0; i < steps && !program.problem(); ++i) program.step();
        if (!program.problem()) program.finish();
        ASSERT_FALSE(program.problem()) << "seed " << seed << ", " << *program.problem();
    }
}

}  // namespace
}  // namespace pgweir::pool
