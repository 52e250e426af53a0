#include "protocol/sql/login_change.hpp"

#include <gmock/gmock.h>

namespace pgweir::protocol {
namespace {

std::string told(std::string_view sql) {
    const LoginChange change = login_change(sql);
    if (change.role) return "role " + *change.role;
    if (change.database) return "database " + *change.database;
    return "all";
}

TEST(LoginChange, IsOfTheRoleOrDatabaseThatIsNamed) {
    EXPECT_EQ(told("alter role Ann set timezone to 'UTC'"), "role ann");
    EXPECT_EQ(told("ALTER USER \"An\"\"n\" RENAME TO bob;"), "role An\"n");
    EXPECT_EQ(told(" alter\n role ann in database shop set a.b = '1' ; "), "role ann");
    EXPECT_EQ(told("create user ann login"), "role ann");
    EXPECT_EQ(told("drop role if exists ann"), "role ann");
    EXPECT_EQ(told("drop role ann"), "role ann");
    EXPECT_EQ(told("alter database shop reset all"), "database shop");
}

TEST(LoginChange, IsOfAllWhereTheTextIsNotPlain) {
    for (const std::string_view sql :
         {"alter role all set a.b = '1'", "alter role current_user set a.b = '1'",
          "alter user user set a.b = '1'", "drop role ann, bob", "alter group ann add user bob",
          "begin; alter role ann set a.b = '1'; commit", "execute change", "alter role \"ann",
          R"(alter role U&"a!006en" UESCAPE '!' login)", R"(alter role U&"\00e4" login)",
          "alter role ann set a.b = 'x", "alter role", ""}) {
        EXPECT_EQ(told(sql), "all") << sql;
    }
}

// What stood in quotes was taken for comments and further statements, and `U&` for a name: the
// servers of another role than the one that was altered were replaced.
TEST(LoginChange, IsOfWhatPostgreSQLReads) {
    EXPECT_EQ(told(R"(alter role U&"\0061nn" login)"), "role ann");
    EXPECT_EQ(told("alter /* ann */ role bob login"), "role bob");
    EXPECT_EQ(told("-- ann;\nalter role bob -- ann"), "role bob");
    EXPECT_EQ(told("alter role ann set a.b = '--; /*'"), "role ann");
    EXPECT_EQ(told("alter role \"a;n--n\" login"), "role a;n--n");
    EXPECT_EQ(told("alter role \"current_user\" login"), "role current_user");
    EXPECT_EQ(told("alter role " + std::string(70, 'x') + " login"),
              "role " + std::string(63, 'x'));
    EXPECT_EQ(told("drop role/**/if/**/exists ann"), "role ann");
}

TEST(LoginChange, ComesWithTheTagsOfRolesAndDatabases) {
    for (const std::string_view tag : {"ALTER ROLE", "ALTER DATABASE", "CREATE ROLE", "DROP ROLE"})
        EXPECT_TRUE(changes_logins(tag)) << tag;
    for (const std::string_view tag : {"GRANT ROLE", "ALTER TABLE", "CREATE DATABASE", "SET", ""})
        EXPECT_FALSE(changes_logins(tag)) << tag;
}

}  // namespace
}  // namespace pgweir::protocol
