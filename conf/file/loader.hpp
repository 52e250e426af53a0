// From a YAML file to a checked configuration, or to everything that is wrong with it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.hpp"
#include "conf/file/yaml_tree.hpp"
#include "conf/problem.hpp"

namespace pgweir::conf {

struct LoadResult {
    std::shared_ptr<const Config> config;  ///< null if there is any problem
    std::vector<Problem> problems;         ///< all of them, by position
};

/// Reads and checks the file at `path`, of at most 16 MB. Blocks: it also reads the files and the
/// environment variables that secrets refer to. Any thread may call it, at any time that no other
/// changes the environment. Expected failures are problems; it throws only std::bad_alloc.
[[nodiscard]] LoadResult load_file(const std::string& path);

/// The same for a text that has been read already; `file_name` is what problems show.
[[nodiscard]] LoadResult load_text(std::string_view yaml, std::string_view file_name);

/// The same for a tree, whatever syntax it was read from. `files` is what Place::file counts.
[[nodiscard]] LoadResult load_tree(const YamlTree& tree, std::vector<std::string> files);

/// Something that is wrong, and with which nobody is let in more easily.
struct LoadWarning {
    Place place;
    std::string_view setting;
    std::string text;
};

/// The same, but PgBouncer starts without databases, without the files that it reads to let clients
/// in, and with lines in auth_file that it cannot read, and so does this: with a warning.
/// `former`, if it is not null, is the configuration in use: a file that cannot be read any more is
/// as it was.
[[nodiscard]] LoadResult load_tree_as_pgbouncer(const YamlTree& tree,
                                                std::vector<std::string> files,
                                                const Config* former,
                                                std::vector<LoadWarning>& warnings);

}  // namespace pgweir::conf
