#include "pool/connect/host_order.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace pgweir::pool {

Keywords beginning_with(Keywords keywords, std::uint64_t number) {
    for (const std::string_view name : {"host", "hostaddr", "port"}) {
        std::vector<std::string> elements = split_list(keyword(keywords, name));
        if (elements.size() < 2) continue;
        const auto first = static_cast<std::ptrdiff_t>(number % elements.size());
        std::ranges::rotate(elements, elements.begin() + first);
        std::string turned;
        for (const std::string& element : elements) {
            turned += (&element == &elements.front() ? "" : ",") + element;
        }
        set_keyword(keywords, name, std::move(turned));
    }
    return keywords;
}

}  // namespace pgweir::pool
