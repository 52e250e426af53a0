#include "pool/session/shown_names.hpp"

#include <algorithm>
#include <utility>

namespace pgweir::pool {

void ShownNames::shown(Bytes name) {
    shown_.emplace(name);
}

void ShownNames::not_shown(Bytes name) {
    if (const auto found = materialised_.find(name); found != materialised_.end())
        materialised_.erase(found);
}

void ShownNames::one_dropped(ClientStatements& clients) {
    if (materialised_.size() != 1) return;
    clients.set(*materialised_.begin(), {});
    materialised_.clear();
}

void ShownNames::all_dropped() {
    materialised_.clear();
    shown_.clear();
}

bool ShownNames::found(std::vector<std::string> names, ClientStatements& clients) {
    std::ranges::sort(names);
    for (const std::string& name : std::exchange(materialised_, {})) {
        if (!std::ranges::binary_search(names, name)) clients.set(name, {});
    }
    bool of_sql = false;
    for (std::string& name : names) {
        if (std::as_const(clients).find(name) == nullptr && !shown_.contains(name)) {
            of_sql = true;
        } else {
            to_close_.push_back(std::move(name));
        }
    }
    shown_.clear();
    return of_sql;
}

std::vector<std::string> ShownNames::take_to_close() {
    return std::exchange(to_close_, {});
}

void ShownNames::clear() {
    all_dropped();
    to_close_.clear();
}

}  // namespace pgweir::pool
