#include "daemon/client/client_limits.hpp"

#include "conf/config.hpp"

namespace pgweir::daemon {

namespace {

// What is known under `name`, or else what `make` makes. It lives as long as somebody has a place
// in it, so that names nobody uses cost nothing.
template <typename Map, typename Make>
auto shared(Map& known, const typename Map::key_type& name, Make make) {
    auto found = known[name].lock();
    if (found) return found;
    std::erase_if(known, [&](const auto& e) { return e.first != name && e.second.expired(); });
    found = make();
    known[name] = found;
    return found;
}

}  // namespace

std::shared_ptr<const ClientLimits::Account> ClientLimits::account(const std::string& database,
                                                                   const std::string& user,
                                                                   pool::Budget& of_all) {
    const auto no_limit = [] { return std::make_shared<pool::Budget>(0U); };
    const std::lock_guard lock(mutex_);
    return shared(accounts_, {database, user}, [&]() -> std::shared_ptr<const Account> {
        return std::make_shared<const Account>(
            Account{.database = database,
                    .user = user,
                    .of_all = of_all,
                    .of_database = shared(databases_, database, no_limit),
                    .of_user = shared(users_, user, no_limit)});
    });
}

std::variant<ClientLimits::Place, ClientLimits::Reached> ClientLimits::take(
    const std::string& database, unsigned database_limit, const std::string& user,
    unsigned user_limit) {
    return take(account(database, user, all_), database_limit, user_limit);
}

std::variant<ClientLimits::Place, ClientLimits::Reached> ClientLimits::take_for_console(
    unsigned database_limit, const std::string& user, unsigned user_limit) {
    return take(account(std::string(conf::console_database), user, console_), database_limit,
                user_limit);
}

std::variant<ClientLimits::Place, ClientLimits::Reached> ClientLimits::take(
    std::shared_ptr<const Account> taken, unsigned database_limit, unsigned user_limit) {
    taken->of_database->set_limit(database_limit);
    taken->of_user->set_limit(user_limit);
    if (!taken->of_all.try_take()) return Reached::of_all;
    if (!taken->of_database->try_take()) {
        taken->of_all.give_back();
        return Reached::of_database;
    }
    if (!taken->of_user->try_take()) {
        taken->of_database->give_back();
        taken->of_all.give_back();
        return Reached::of_user;
    }
    return Place(std::move(taken));
}

ClientLimits::Place ClientLimits::take_for_operator(const std::string& user) {
    auto taken = account(std::string(conf::console_database), user, console_);
    taken->of_all.take();
    taken->of_database->take();
    taken->of_user->take();
    return Place(std::move(taken));
}

std::vector<std::string> ClientLimits::users() const {
    std::vector<std::string> names;
    const std::lock_guard lock(mutex_);
    for (const auto& [name, weak] : users_) {
        const auto budget = weak.lock();
        if (budget && budget->open() > 0) names.push_back(name);
    }
    return names;
}

protocol::ErrorReport too_many(ClientLimits::Reached limit) {
    auto report = protocol::ErrorReport::fatal(protocol::sqlstate::too_many_connections,
                                               "sorry, too many clients already");
    switch (limit) {
        case ClientLimits::Reached::of_all:
            report.detail = "no more connections allowed (max_client_conn)";
            break;
        case ClientLimits::Reached::of_database:
            report.detail = "client connections exceeded (max_db_client_connections)";
            break;
        case ClientLimits::Reached::of_user:
            report.detail = "client connections exceeded (max_user_client_connections)";
            break;
    }
    return report;
}

}  // namespace pgweir::daemon
