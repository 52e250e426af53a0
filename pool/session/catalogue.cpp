#include "pool/session/catalogue.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "protocol/sql/custom_settings.hpp"
#include "protocol/wire/data_row.hpp"

namespace pgweir::pool {

std::string catalogue_query(std::string_view server_version) {
    unsigned major = 0;
    std::from_chars(server_version.data(), server_version.data() + server_version.size(), major);
    return protocol::catalogue_query(static_cast<int>(major) * 10000);
}

// A text that stands for what no question shows: it makes the entry, and all that use it, sticky.
constexpr std::string_view sticky_text = "setseed";

CatalogueReader::CatalogueReader(std::string_view sticky_functions) {
    while (!sticky_functions.empty()) {
        std::string_view name = sticky_functions.substr(0, sticky_functions.find(','));
        sticky_functions.remove_prefix(std::min(name.size() + 1, sticky_functions.size()));
        name.remove_prefix(name.rfind('.') + 1);  // its schema; npos + 1 is 0
        if (name.find_first_not_of(' ') == std::string_view::npos) continue;
        entries_.push_back({.name = std::string(name), .text = std::string(sticky_text)});
    }
}

void CatalogueReader::row(std::string_view body, bool whole) {
    protocol::CatalogueEntry entry;
    if (whole) {
        const auto columns = protocol::parse_data_row<2>(body);
        if (!columns) return;
        if (!(*columns)[0]) {
            take_fact((*columns)[1].value_or(""));
            return;
        }
        entry.name = *(*columns)[0];
        entry.text = (*columns)[1].value_or("");
        entry.opaque = !(*columns)[1];
    } else {
        // The text is too long to be held; the name stands before it.
        const auto name = protocol::parse_data_row<1>(body);
        if (!name) return;
        entry.name = (*name)[0].value_or("");
        entry.opaque = true;
    }
    entries_.push_back(std::move(entry));
}

void CatalogueReader::take_fact(std::string_view fact) {
    plans_.functions_keep_plans = plans_.functions_keep_plans || fact == "keeps_plans";
    plans_.folds_settings = plans_.folds_settings || fact == "folds_settings";
    plans_.asks_for_rights = plans_.asks_for_rights || fact == "asks_for_rights";
}

CataloguePtr CatalogueReader::finish() const {
    auto catalogue = std::make_shared<Catalogue>();
    catalogue->effects = protocol::NamedEffects::of_catalogue(entries_);
    catalogue->plans = plans_;
    for (const auto& entry : entries_) {
        // What cannot be read there has an effect of its own.
        std::ignore = protocol::collect_custom_settings(entry.text, catalogue->custom_settings);
        protocol::collect_settings_read(entry.text, catalogue->custom_settings);
    }
    return catalogue;
}

}  // namespace pgweir::pool
