// A tree as the text of a YAML file.
#pragma once

#include <string>

#include "conf/file/yaml_tree.hpp"

namespace pgweir::conf {

/// YAML in block style that parse_yaml() reads back as the same tree, and that other programs read
/// as the same texts: what they might take for something else stands in double quotes. Keys and
/// values must be UTF-8.
[[nodiscard]] std::string write_yaml(const YamlNode& root);

}  // namespace pgweir::conf
