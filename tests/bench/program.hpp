// What the main() of every program here does.
#pragma once

#include <cstdio>
#include <exception>

namespace pgweir::bench {

/// Runs the program, and says what it could not do: `name: why`. Returns its exit code.
inline int run_program(const char* name, int (*run)(int, char**), int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", name, error.what());
        return 1;
    }
}

}  // namespace pgweir::bench
