// From YAML nodes to values of options, with a problem for each that is none.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/file/reporter.hpp"
#include "conf/file/yaml_tree.hpp"
#include "conf/options/option_table.hpp"

namespace pgweir::conf {

/// Where values came from, so that checks across options can point at them.
struct Origins {
    using Places = std::map<const Option*, Place>;

    Places globals;
    std::vector<Place> listen;      ///< one for each address
    std::vector<Places> databases;  ///< one for each of Config::databases
    std::vector<Places> users;      ///< one for each of Config::users
    /// Options with a refused value somewhere: nothing follows from what they are now.
    std::set<const Option*> refused;
};

/// The text of a node that must be a scalar, or nullopt and a problem. `what` names it, `expected`
/// says what it should be.
[[nodiscard]] std::optional<std::string_view> read_scalar(std::string_view what,
                                                          std::string_view expected,
                                                          const YamlNode& node, Reporter& reporter);

/// The value of an option (of a list: of one of its items), or nullopt and a problem. `name` is
/// what the file calls it here.
[[nodiscard]] std::optional<Value> read_value(const Option& option, std::string_view name,
                                              const YamlNode& node, Reporter& reporter);

/// `a map`, `a list`, ...: for "expected X, found Y".
[[nodiscard]] std::string_view kind_in_words(YamlNode::Kind kind);

/// The message for a key that is none of `known`: where it belongs, if it is an option elsewhere,
/// or what was probably meant. `where` names the map.
[[nodiscard]] std::string unknown_key(std::string_view key, std::string_view where,
                                      std::span<const std::string_view> known);

}  // namespace pgweir::conf
