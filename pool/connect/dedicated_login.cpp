#include "pool/connect/dedicated_login.hpp"

#include <algorithm>

namespace pgweir::pool {

namespace {

using protocol::Replication;

// As PostgreSQL's pg_split_opts() takes it apart.
void append_option(std::string& options, std::string_view name, std::string_view value) {
    options += options.empty() ? "-c " : " -c ";
    const auto append = [&options](std::string_view text) {
        for (const char c : text) {
            if (std::string_view(" \t\n\v\f\r\\").find(c) != std::string_view::npos)
                options += '\\';
            options += c;
        }
    };
    append(name);
    options += '=';
    append(value);
}

}  // namespace

Keywords dedicated_keywords(Keywords keywords, const DedicatedLogin& login) {
    std::string options(keyword(keywords, "options"));
    for (const auto& [name, value] : login.settings->values()) {
        // libpq sends these two by themselves, also out of its environment, and they are above
        // `options`.
        if (name == "application_name" || name == "client_encoding") {
            set_keyword(keywords, name, value);
        } else {
            append_option(options, name, value);
        }
    }
    if (!options.empty()) set_keyword(keywords, "options", std::move(options));
    if (login.replication != Replication::none) {
        set_keyword(keywords, "replication",
                    login.replication == Replication::logical ? "database" : "true");
    }
    return keywords;
}

}  // namespace pgweir::pool
