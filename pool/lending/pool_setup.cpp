#include "pool/lending/pool_setup.hpp"

#include <optional>
#include <string>

#include "pool/connect/keywords.hpp"

namespace pgweir::pool {

std::string_view PoolSetup::value_of(std::string_view keyword) const {
    return pool::keyword(connection, keyword);
}

bool PoolSetup::shares_database_with(const PoolSetup& other) const {
    return value_of("dbname") == other.value_of("dbname");
}

bool PoolSetup::is_meant_by(const protocol::LoginChange& change) const {
    const auto is = [&](std::string_view name, const std::optional<std::string>& named) {
        const std::string_view own = value_of(name);
        return !named || own.empty() || own == *named;
    };
    return is("user", change.role) && is("dbname", change.database);
}

}  // namespace pgweir::pool
