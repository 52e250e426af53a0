#include "conf/config.hpp"

#include <algorithm>

namespace pgweir::conf {

const std::string* Database::keyword(std::string_view key) const {
    const auto found = std::ranges::find(connection, key, &ConnectionKeyword::first);
    return found == connection.end() ? nullptr : &found->second;
}

bool is_syslog_facility(std::string_view name) {
    constexpr std::string_view local = "local";
    if (name.starts_with(local)) {
        return name.size() == local.size() + 1 && name.back() >= '0' && name.back() <= '7';
    }
    return name == "auth" || name == "authpriv" || name == "daemon" || name == "user";
}

bool is_reserved_database(std::string_view database) {
    return database == "pgweir" || database == console_database;
}

bool is_listed(std::string_view list, std::string_view name) {
    constexpr std::string_view between = ", \t";
    while (!list.empty()) {
        const std::size_t end = std::min(list.find_first_of(between), list.size());
        if (end != 0 && list.substr(0, end) == name) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

const Database* Config::find_database(std::string_view name) const {
    const Database* fallback = nullptr;
    for (const Database& database : databases) {
        if (database.name == name && !database.is_fallback()) return &database;
        if (database.is_fallback()) fallback = &database;
    }
    return fallback;
}

bool Config::names_database(std::string_view name) const {
    const Database* entry = find_database(name);
    return entry != nullptr && !entry->is_fallback();
}

bool Config::names_user(std::string_view database, const std::string& user) const {
    const Database* entry = find_database(database);
    const std::string* fixed = entry == nullptr ? nullptr : entry->keyword("user");
    return (fixed != nullptr && *fixed == user) ||
           std::ranges::find(users, user, &User::name) != users.end() || !secrets_of(user).empty();
}

bool Config::knows_user(std::string_view user) const {
    const auto own = std::ranges::find(users, user, &User::name);
    return userlist.contains(user) || (own != users.end() && !own->passwords.empty());
}

std::vector<std::string> Config::secrets_of(std::string_view user) const {
    std::vector<std::string> secrets;
    const auto own = std::ranges::find(users, user, &User::name);
    if (own != users.end()) secrets = own->passwords;
    const auto listed = userlist.find(user);
    if (listed != userlist.end() && !listed->second.empty()) secrets.push_back(listed->second);
    return secrets;
}

PoolOptions Config::pool_options(const Database& database, std::string_view user) const {
    PoolOptions options = database.options;
    const auto found = std::ranges::find(users, user, &User::name);
    if (found == users.end()) return options;
    const auto apply = [](auto& value, const auto& own) {
        if (own) value = *own;
    };
    apply(options.pool_mode, found->pool_mode);
    apply(options.default_pool_size, found->pool_size);
    apply(options.reserve_pool_size, found->reserve_pool_size);
    apply(options.session_state, found->session_state);
    apply(options.max_user_connections, found->max_user_connections);
    apply(options.max_user_client_connections, found->max_user_client_connections);
    apply(options.client_idle_timeout, found->client_idle_timeout);
    apply(options.query_timeout, found->query_timeout);
    apply(options.idle_transaction_timeout, found->idle_transaction_timeout);
    apply(options.transaction_timeout, found->transaction_timeout);
    apply(options.query_wait_timeout, found->query_wait_timeout);
    if (options.default_pool_size != 0) {
        options.min_pool_size = std::min(options.min_pool_size, options.default_pool_size);
    }
    return options;
}

}  // namespace pgweir::conf
