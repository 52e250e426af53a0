#include "conf/file/yaml_writer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace pgweir::conf {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Words that some version of YAML takes for a value of another type. true and false are not among
/// them: an option that is written so is one.
bool is_special_word(std::string_view text) {
    constexpr std::array<std::string_view, 8> words{"null", "yes", "no", "on",
                                                    "off",  "y",   "n",  "nan"};
    return std::ranges::any_of(words, [&](std::string_view word) {
        return std::ranges::equal(word, text, {}, {}, [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
    });
}

/// A whole number with perhaps a unit, a word or a path.
bool is_plain(std::string_view text) {
    if (text.empty() || is_special_word(text)) return false;
    if (is_digit(text.front())) {
        const auto unit = std::ranges::find_if_not(text, is_digit);
        // Leading zeros, and the e of 1e3, are numbers of another kind.
        return (text.size() == 1 || text.front() != '0') &&
               std::all_of(unit, text.end(),
                           [](char c) { return is_letter(c) && c != 'e' && c != 'E' && c != 'x'; });
    }
    return (is_letter(text.front()) || text.front() == '_' || text.front() == '/') &&
           std::ranges::all_of(text, [](char c) {
               return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '/';
           });
}

std::string scalar(std::string_view text) {
    if (is_plain(text)) return std::string{text};
    constexpr std::string_view hex = "0123456789abcdef";
    std::string quoted = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (byte < 0x20 || byte == 0x7F) {
            quoted += "\\x";
            quoted += hex[byte >> 4U];
            quoted += hex[byte & 15U];
        } else {
            quoted += c;
        }
    }
    return quoted + '"';
}

class Writer {
  public:
    std::string text;

    void map(const YamlNode& node, std::size_t indent) {
        for (const YamlEntry& entry : node.entries) {
            text.append(indent, ' ');
            text += scalar(entry.key) + ':';
            value(*entry.value, indent);
        }
    }

  private:
    /// What follows a key or the dash of a list.
    void value(const YamlNode& node, std::size_t indent) {
        switch (node.kind) {
            case YamlNode::Kind::null:
                text += '\n';
                return;
            case YamlNode::Kind::scalar:
                text += ' ' + scalar(node.text) + '\n';
                return;
            case YamlNode::Kind::list:
                text += node.items.empty() ? " []\n" : "\n";
                for (const YamlNodePtr& item : node.items) {
                    text.append(indent + 2, ' ');
                    text += '-';
                    value(*item, indent + 2);
                }
                return;
            case YamlNode::Kind::map:
                text += node.entries.empty() ? " {}\n" : "\n";
                map(node, indent + 2);
                return;
        }
    }
};

}  // namespace

std::string write_yaml(const YamlNode& root) {
    Writer writer;
    writer.map(root, 0);
    return std::move(writer.text);
}

}  // namespace pgweir::conf
