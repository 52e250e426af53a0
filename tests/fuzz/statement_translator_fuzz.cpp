// Prepared statements of several clients on one server that is a model: whatever they send, in
// whatever pieces the replies come, each is told what it would be told directly. A byte is one
// choice of the program.
#include <cstdint>
#include <cstdlib>

#include "tests/unit/session/statement_program.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t most = 2000;
    std::size_t at = 0;
    const std::size_t end = size < most ? size : most;
    pgweir::pool::StatementProgram program(
        [&](std::size_t of) { return at < end ? data[at++] % of : 0; });
    while (at < end) program.step();
    program.finish();
    if (program.problem()) std::abort();
    return 0;
}
