// The files of tests/conf-corpus.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace pgweir::conf::corpus {

inline std::string read(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// The files of the folder `valid` or `invalid`, by name.
inline std::vector<std::filesystem::path> files(const std::string& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry :
         std::filesystem::directory_iterator{std::filesystem::path{PGWEIR_CONF_CORPUS} / folder}) {
        paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    return paths;
}

/// The environment that the files refer to.
inline void set_environment() {
    ::setenv("PGWEIR_TEST_SECRET", "hunter 'two'", 1);
    ::setenv("PGWEIR_TEST_CONNECTION", "host=db password='${literal}'", 1);
    ::unsetenv("PGWEIR_UNSET");
}

}  // namespace pgweir::conf::corpus
