#include "conf/options/option_table.hpp"

#include <algorithm>

namespace pgweir::conf {
namespace {

template <class Predicate>
const Option* find(Predicate predicate) {
    const std::span<const Option> all = options();
    const auto found = std::ranges::find_if(all, predicate);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

const Option* find_option(std::string_view path) {
    return find([=](const Option& option) { return option.path == path; });
}

const Option* find_database_option(std::string_view name) {
    return find([=](const Option& option) {
        return option.per_database && option.name_in_entry() == name;
    });
}

const Option* find_user_option(std::string_view name) {
    return find(
        [=](const Option& option) { return option.per_user() && option.name_in_entry() == name; });
}

std::string_view Option::leaf() const {
    return path.substr(path.rfind('.') + 1);
}

std::string_view Option::section() const {
    return path.substr(0, path.size() - leaf().size() - (leaf().size() < path.size() ? 1 : 0));
}

std::string_view Option::name_in_entry() const {
    return entry_name.empty() ? leaf() : entry_name;
}

}  // namespace pgweir::conf
