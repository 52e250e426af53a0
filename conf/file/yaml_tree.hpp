// A YAML document as a tree that knows the place of every part.
//
// yaml-cpp's own tree silently keeps one of two equal keys and loses the places of keys, so this
// one is built from its parser's events.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/problem.hpp"

namespace pgweir::conf {

struct YamlNode;
/// Shared, because an alias (`*name`) stands for the same node as its anchor.
using YamlNodePtr = std::shared_ptr<const YamlNode>;

/// A key with its value.
struct YamlEntry {
    std::string key;
    Place place;  ///< of the key
    YamlNodePtr value;
};

struct YamlNode {
    enum class Kind { null, scalar, list, map };

    Kind kind = Kind::null;
    Place place;
    std::string text;                ///< of a scalar: without NUL
    std::vector<YamlNodePtr> items;  ///< of a list
    /// Of a map, without duplicates: own keys first, then those of merge keys (`<<: *name`).
    std::vector<YamlEntry> entries;
    std::size_t weight = 1;  ///< nodes in it, those of aliases counted each time
    int height = 1;          ///< levels in it
};

/// A place and a message; the caller knows the file.
struct PlacedMessage {
    Place place;
    std::string message;
};

struct YamlTree {
    YamlNodePtr root;  ///< null if the text is not one YAML document, or an empty one
    std::vector<PlacedMessage> problems;
};

/// Parses one YAML document of UTF-8 text. Depth and the number of nodes, aliases expanded, are
/// bounded, so that walking the tree is cheap whatever the text was.
/// Problems: syntax, a second document, duplicate and non-scalar keys, tags, unknown or recursive
/// aliases, the bounds. No message shows a value.
[[nodiscard]] YamlTree parse_yaml(std::string_view text);

}  // namespace pgweir::conf
