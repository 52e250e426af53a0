#include "pool/connect/keywords.hpp"

#include <algorithm>

namespace pgweir::pool {

std::string_view keyword(const Keywords& keywords, std::string_view name) {
    const auto found = std::ranges::find(keywords, name, &Keywords::value_type::first);
    return found == keywords.end() ? std::string_view() : std::string_view(found->second);
}

void set_keyword(Keywords& keywords, std::string_view name, std::string value) {
    std::erase_if(keywords, [&](const auto& entry) { return entry.first == name; });
    keywords.emplace_back(name, std::move(value));
}

std::vector<std::string> split_list(std::string_view list) {
    std::vector<std::string> items;
    while (true) {
        const std::size_t comma = list.find(',');
        items.emplace_back(list.substr(0, comma));
        if (comma == std::string_view::npos) return items;
        list.remove_prefix(comma + 1);
    }
}

}  // namespace pgweir::pool
