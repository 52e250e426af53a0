// Which pools a statement means that names a database or a role.
#include "pool/lending/pool_setup.hpp"

#include <gtest/gtest.h>

namespace pgweir::pool {
namespace {

PoolSetup of(std::vector<conf::ConnectionKeyword> connection) {
    return {.connection = std::move(connection)};
}

TEST(PoolSetup, PoolsOfTheSameDatabaseNameMayShareIt) {
    const PoolSetup shop = of({{"dbname", "shop"}, {"host", "a"}});
    EXPECT_TRUE(shop.shares_database_with(of({{"dbname", "shop"}, {"host", "b"}})))
        << "two names of one host";
    EXPECT_FALSE(shop.shares_database_with(of({{"dbname", "other"}, {"host", "a"}})));
}

TEST(PoolSetup, AChangeOfLoginsMeansThoseThatItNamesAndThoseThatItDoesNotTellApart) {
    const PoolSetup ann = of({{"dbname", "shop"}, {"user", "ann"}});
    const PoolSetup anybody = of({{"dbname", "shop"}});
    struct Case {
        protocol::LoginChange change;
        bool ann;
        bool anybody;
    };
    for (const Case& each : {Case{{.role = {}, .database = {}}, true, true},
                             Case{{.role = "ann", .database = {}}, true, true},
                             Case{{.role = "bob", .database = {}}, false, true},
                             Case{{.role = {}, .database = "other"}, false, false},
                             Case{{.role = "ann", .database = "shop"}, true, true}}) {
        EXPECT_EQ(ann.is_meant_by(each.change), each.ann) << each.change.role.value_or("-");
        EXPECT_EQ(anybody.is_meant_by(each.change), each.anybody);
    }
}

}  // namespace
}  // namespace pgweir::pool
