#include "conf/config.hpp"

#include <gtest/gtest.h>

namespace pgweir::conf {
namespace {

TEST(Config, AnUnknownDatabaseNameFallsBackToTheStarEntry) {
    Config config;
    config.databases = {{.name = "*"}, {.name = "app"}};
    EXPECT_EQ(config.find_database("app")->name, "app");
    EXPECT_EQ(config.find_database("other")->name, "*");
}

}  // namespace
}  // namespace pgweir::conf
