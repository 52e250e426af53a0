#include "conf/options/option_reader.hpp"

#include <algorithm>

#include "conf/file/wording.hpp"

namespace pgweir::conf {
namespace {

bool contains(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// Where the file has an option of this name, if not in the map of `known` names.
std::string elsewhere(std::string_view key, std::span<const std::string_view> known) {
    for (const Option& option : options()) {
        if (option.leaf() != key && option.name_in_entry() != key) continue;
        for (const std::string_view name : {option.leaf(), option.name_in_entry()}) {
            if (name != key && contains(known, name)) return "; it is called " + in_quotes(name);
        }
        if (option.section().empty()) return "; it belongs at the top of the file";
        return "; it belongs in " + in_quotes(option.section()) +
               (option.leaf() == key ? std::string{} : " as " + in_quotes(option.leaf()));
    }
    return {};
}

}  // namespace

std::string_view kind_in_words(YamlNode::Kind kind) {
    switch (kind) {
        case YamlNode::Kind::null:
            return "nothing";
        case YamlNode::Kind::scalar:
            return "a single value";
        case YamlNode::Kind::list:
            return "a list";
        case YamlNode::Kind::map:
            return "a map";
    }
    return "nothing";
}

std::optional<std::string_view> read_scalar(std::string_view what, std::string_view expected,
                                            const YamlNode& node, Reporter& reporter) {
    if (node.kind == YamlNode::Kind::scalar) return node.text;
    reporter.add(node.place, std::string{what} + ": expected " + std::string{expected} +
                                 ", found " + std::string{kind_in_words(node.kind)});
    return std::nullopt;
}

std::optional<Value> read_value(const Option& option, std::string_view name, const YamlNode& node,
                                Reporter& reporter) {
    const std::string expected = type_in_words(option);
    const auto text = read_scalar(name, expected, node, reporter);
    if (!text) return std::nullopt;
    Result<Value> value = parse_value(option, *text);
    if (value) return *std::move(value);
    reporter.add(node.place, std::string{name} + ": " + value.error().message);
    return std::nullopt;
}

std::string unknown_key(std::string_view key, std::string_view where,
                        std::span<const std::string_view> known) {
    std::string message = "unknown key " + name_in_quotes(key) + " in " + std::string{where};
    const std::string place = elsewhere(key, known);
    return message + (place.empty() ? did_you_mean(key, known) : place);
}

}  // namespace pgweir::conf
