// Clients with settings, roles, sequences, prepared statements and channels on servers that are
// models: whatever they send, in whatever pieces the replies come, each has the session that it
// would have directly, and a server that is free is clean. A byte is one choice of the program.
#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "tests/unit/session/session_program.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t most = 1000;
    std::size_t at = 0;
    const std::size_t end = size < most ? size : most;
    pgweir::pool::SessionProgram program(
        [&](std::size_t of) { return at < end ? data[at++] % of : 0; });
    while (at < end && !program.problem()) program.step();
    if (!program.problem()) program.finish();
    if (!program.problem()) return 0;
    std::cerr << *program.problem() << '\n';
    std::abort();
}
