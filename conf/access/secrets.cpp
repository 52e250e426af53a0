#include "conf/access/secrets.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "conf/file/bounded_file.hpp"
#include "conf/file/wording.hpp"

namespace pgweir::conf {
namespace {

constexpr std::size_t longest_secret_file = 64UL * 1024;
constexpr std::string_view file_prefix = "file:";

bool is_variable_name(std::string_view name) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && letter(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Result<std::string> variable(std::string_view name) {
    // A malformed name is not shown: "${" may well be part of a password.
    if (!is_variable_name(name)) {
        return Refusal{
            "\"${\" is not followed by the name of an environment variable and \"}\"; "
            "write \"$${\" for \"${\" itself"};
    }
    const char* const value =
        std::getenv(std::string{name}.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr) {
        return Refusal{"the environment variable " + in_quotes(name) + " is not set"};
    }
    return std::string{value};
}

Result<std::string> secret_file(const std::string& path) {
    if (!path.starts_with('/')) {
        return Refusal{"\"file:\" must be followed by an absolute path"};
    }
    const Result<std::string> content = read_bounded_file(path, longest_secret_file);
    if (!content) {
        return Refusal{"cannot read the secret in " + in_quotes(path) + ": " +
                       content.error().message};
    }
    std::string secret = *content;
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.ends_with('\r')) secret.pop_back();
    if (secret.empty()) return Refusal{"the secret in " + in_quotes(path) + " is empty"};
    if (secret.find('\0') != std::string::npos) {
        return Refusal{"the secret in " + in_quotes(path) + " holds a zero byte"};
    }
    return secret;
}

}  // namespace

Result<std::string> expand_variables(std::string_view text) {
    std::string expanded;
    while (!text.empty()) {
        if (text.starts_with("$${")) {
            expanded += "${";
            text.remove_prefix(3);
        } else if (text.starts_with("${")) {
            const std::size_t end = std::min(text.find('}'), text.size());
            const Result<std::string> value =
                variable(end == text.size() ? std::string_view{} : text.substr(2, end - 2));
            if (!value) return value.error();
            expanded += *value;
            text.remove_prefix(end + 1);
        } else {
            const std::size_t next = std::min(text.find('$', 1), text.size());
            expanded += text.substr(0, next);
            text.remove_prefix(next);
        }
    }
    return expanded;
}

Result<std::string> resolve_secret(std::string_view text) {
    Result<std::string> expanded = expand_variables(text);
    // A password that comes from a variable is taken as it is, even if it looks like a reference.
    if (!expanded || !text.starts_with(file_prefix)) return expanded;
    return secret_file(expanded->substr(file_prefix.size()));
}

bool is_one_reference(std::string_view text) {
    if (text.starts_with("file:/")) return true;
    return text.starts_with("${") && text.find('}') == text.size() - 1;
}

}  // namespace pgweir::conf
