#include "pool/lending/registry.hpp"

#include <algorithm>

#include "pool/connect/connect_query.hpp"
#include "pool/connect/keywords.hpp"
#include "protocol/auth/secret.hpp"
#include "protocol/sql/custom_settings.hpp"
#include "protocol/sql/sql_mention.hpp"

namespace pgweir::pool {

namespace {

// How long a pool without clients and servers is remembered, and its counters with it.
constexpr std::chrono::seconds forget_after{600};
// The same where no server has ever let it in: clients make up names.
constexpr std::chrono::seconds forget_unproven_after{10};

}  // namespace

std::vector<conf::ConnectionKeyword> connection_keywords(const conf::Database& entry,
                                                         const std::string& database,
                                                         const std::string& user) {
    std::vector<conf::ConnectionKeyword> keywords = entry.connection;
    // What is no plain password cannot be sent: see daemon/auth/authentication, stored_credentials.
    std::erase_if(keywords, [](const conf::ConnectionKeyword& keyword) {
        return keyword.first == "password" && !std::holds_alternative<protocol::PlainPassword>(
                                                  protocol::parse_secret(keyword.second));
    });
    if (entry.keyword("dbname") == nullptr) keywords.emplace_back("dbname", database);
    if (entry.keyword("user") == nullptr) keywords.emplace_back("user", user);
    return keywords;
}

PoolSetup Registry::setup_for(const conf::Config& config, const conf::Database& entry,
                              const std::string& database, const std::string& user) const {
    PoolSetup setup{.connection = connection_keywords(entry, database, user),
                    .options = config.pool_options(entry, user),
                    .paused = switches_.is_paused(database)};
    // As a part of the login settings are what a session begins with, and RESET goes back to.
    if (const auto options = as_options(setup.options.connect_query)) {
        const std::string_view own = setup.value_of("options");
        set_keyword(setup.connection, "options",
                    own.empty() ? *options : std::string(own) + ' ' + *options);
        setup.options.connect_query.clear();
    }
    return setup;
}

std::shared_ptr<Budget> Registry::budget_for(
    std::map<std::string, std::shared_ptr<Budget>>& budgets, const std::string& name,
    unsigned limit) {
    auto& budget = budgets[name];
    if (!budget) budget = std::make_shared<Budget>(limit);
    budget->set_limit(limit);
    return budget;
}

std::shared_ptr<Pool> Registry::find_or_make(const conf::Config& config,
                                             const conf::Database& entry,
                                             const std::string& database, const std::string& user,
                                             Place place) {
    // Clients with different names share the servers of a database whose user is fixed.
    const std::string* fixed_user = entry.keyword("user");
    const std::string& server_user = fixed_user != nullptr ? *fixed_user : user;
    const std::lock_guard lock(mutex_);
    Entry& found = pools_[{database, server_user}];
    found.last_used = Clock::now();
    if (!found.pool) {
        const auto of_database = [&](const auto& known) {
            return known.first.first == database && known.second.pool;
        };
        if (entry.is_fallback() && std::ranges::none_of(pools_, of_database)) {
            observer_.auto_database_made(database);
        }
        PoolSetup setup = setup_for(config, entry, database, server_user);
        auto database_budget =
            budget_for(database_budgets_, database, setup.options.max_db_connections);
        auto user_budget =
            budget_for(user_budgets_, server_user, setup.options.max_user_connections);
        found.pool = std::make_shared<Pool>(*this, database, server_user, std::move(setup),
                                            std::move(database_budget), std::move(user_budget),
                                            workers_, observer_);
    }
    if (place == Place::shared) found.pool->share();
    return found.pool;
}

std::vector<std::shared_ptr<Pool>> Registry::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Pool>> pools;
    pools.reserve(pools_.size());
    for (const auto& [key, entry] : pools_) pools.push_back(entry.pool);
    return pools;
}

std::vector<std::shared_ptr<Pool>> Registry::pools_of(const std::string* database) const {
    std::vector<std::shared_ptr<Pool>> pools = all();
    if (database != nullptr) {
        std::erase_if(pools, [&](const auto& pool) { return pool->database() != *database; });
    }
    return pools;
}

// A pool that is made meanwhile looks at the switches; one that is there is told.
void Registry::pause(const std::string* database, bool paused) {
    if (database == nullptr) {
        switches_.pause_all(paused);
    } else {
        switches_.pause(*database, paused);
    }
    for (const auto& pool : pools_of(database)) {
        pool->set_paused(switches_.is_paused(pool->database()));
        if (!paused) pool->workers().wake_all();
    }
}

void Registry::suspend() {
    pause(nullptr, true);
    switches_.note_suspended();
}

void Registry::make_minimum_pools(const conf::Config& config) {
    for (const conf::Database& entry : config.databases) {
        const std::string* user = entry.keyword("user");
        if (entry.is_fallback() || user == nullptr) continue;
        if (config.pool_options(entry, *user).min_pool_size == 0) continue;
        find_or_make(config, entry, entry.name, *user)->ensure_minimum();
    }
}

void Registry::reconfigure(const conf::Config& config) {
    for (const auto& pool : all()) {
        const conf::Database* entry = config.find_database(pool->database());
        if (entry == nullptr) continue;
        PoolSetup setup = setup_for(config, *entry, pool->database(), pool->user());
        {
            const std::lock_guard lock(mutex_);
            budget_for(database_budgets_, pool->database(), setup.options.max_db_connections);
            budget_for(user_budgets_, pool->user(), setup.options.max_user_connections);
        }
        pool->reconfigure(std::move(setup));
        pool->workers().wake_all();
    }
    make_minimum_pools(config);
}

void Registry::sweep(Clock::time_point now) {
    std::vector<std::shared_ptr<Pool>> unused;  // destroyed after the lock is gone
    {
        const std::lock_guard lock(mutex_);
        for (auto next = pools_.begin(); next != pools_.end();) {
            const auto here = next++;
            Entry& entry = here->second;
            if (entry.pool->clients > 0 || entry.pool->budget().open() > 0) {
                entry.last_used = now;
            } else if (now - entry.last_used >= (entry.pool->outages().has_connected()
                                                     ? forget_after
                                                     : forget_unproven_after) &&
                       entry.pool.use_count() == 1) {
                unused.push_back(std::move(entry.pool));
                pools_.erase(here);
            }
        }
    }
    unused.clear();
    forget_unused_budgets();
    for (const auto& pool : all()) {
        pool->sweep();
        pool->ensure_minimum();
    }
}

void Registry::forget_unused_budgets() {
    const std::lock_guard lock(mutex_);
    const auto is_unused = [](const auto& known) { return known.second.use_count() == 1; };
    std::erase_if(database_budgets_, is_unused);
    std::erase_if(user_budgets_, is_unused);
}

void Registry::shut_down() const {
    for (const auto& pool : all()) pool->shut_down();
}

void Registry::make_room(const Pool& wanting) const {
    for (const auto& pool : all()) {
        if (pool.get() != &wanting && pool->places().share_limit_with(wanting.places()) &&
            !pool->board().has_waiting() && pool->workers().give_up_idle()) {
            return;
        }
    }
}

void Registry::room_made(const Pool& giving) const {
    for (const auto& pool : all()) {
        if (pool.get() != &giving && pool->places().share_limit_with(giving.places()) &&
            pool->board().has_waiting()) {
            pool->workers().wake_all();
        }
    }
}

void Registry::retire_idle_servers(Bytes sql) const {
    for (const auto& pool : all()) {
        const std::string database(pool->setup()->value_of("dbname"));
        if (database.empty() || protocol::may_name(sql, database)) pool->retire_idle_servers();
    }
}

void Registry::logins_changed(const protocol::LoginChange& change) const {
    for (const auto& pool : all()) {
        const auto setup = pool->setup();
        if (setup->is_meant_by(change)) pool->logins_changed(setup->generation);
    }
}

void Registry::forget_catalogue(const Pool& pool, CatalogueChange how) const {
    for_each_of_database(pool, [how](Pool& each) { each.forget_catalogue(how); });
}

void Registry::definition_sent(const Pool& pool, Bytes sql) const {
    std::vector<std::string> names;
    std::ignore = protocol::collect_custom_settings(sql, names);
    if (names.empty()) return;
    for_each_of_database(pool, [&names](Pool& each) { each.note_custom_settings(names); });
}

void Registry::for_each_of_database(const Pool& pool, const std::function<void(Pool&)>& act) const {
    const auto setup = pool.setup();
    for (const auto& each : all()) {
        if (each->setup()->shares_database_with(*setup)) act(*each);
    }
}

}  // namespace pgweir::pool
