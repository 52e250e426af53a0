#include "daemon/auth/ldap_names.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgweir::daemon {
namespace {

using conf::LdapOptions;

TEST(LdapNames, AValueInAFilterMeansNothingThere) {
    EXPECT_EQ(escaped_in_filter("ann"), "ann");
    EXPECT_EQ(escaped_in_filter("*)(uid=*"), "\\2a\\29\\28uid=\\2a");
    EXPECT_EQ(escaped_in_filter("a\\b"), "a\\5cb");
    EXPECT_EQ(escaped_in_filter(std::string("a\0b", 3)), "a\\00b");
    EXPECT_EQ(escaped_in_filter("jörg"), "jörg");
}

TEST(LdapNames, AValueInADnMeansNothingThere) {
    EXPECT_EQ(escaped_in_dn("ann"), "ann");
    EXPECT_EQ(escaped_in_dn("x,cn=admin"), "x\\,cn\\=admin");
    EXPECT_EQ(escaped_in_dn("a+b\"c\\d<e>f;g"), "a\\+b\\\"c\\\\d\\<e\\>f\\;g");
    EXPECT_EQ(escaped_in_dn("#a#"), "\\#a#");
    EXPECT_EQ(escaped_in_dn(" a b "), "\\ a b\\ ");
}

TEST(LdapNames, AUserIsFoundByTheAttributeOrTheFilter) {
    LdapOptions options;
    EXPECT_EQ(user_filter(options, "ann"), "(uid=ann)");
    options.search_attribute = "mail";
    EXPECT_EQ(user_filter(options, "a*"), "(mail=a\\2a)");
    options.search_filter = "(|(uid=$username)(mail=$username))";
    EXPECT_EQ(user_filter(options, "$username"), "(|(uid=$username)(mail=$username))");
    EXPECT_EQ(user_filter(options, "a)"), "(|(uid=a\\29)(mail=a\\29))");
}

TEST(LdapNames, WhoIsBoundIsMadeOfPrefixNameAndSuffix) {
    LdapOptions options{.prefix = "uid=", .suffix = ",dc=x"};
    EXPECT_EQ(bind_name(options, "ann"), "uid=ann,dc=x");
    EXPECT_EQ(bind_name(options, "ann,dc=y"), "uid=ann\\,dc\\=y,dc=x");
    options = {.suffix = "@example.com"};
    EXPECT_EQ(bind_name(options, "ann"), "ann@example.com");
    EXPECT_EQ(bind_name(options, "cn=admin,dc=x"), std::nullopt);
    options = {.prefix = "HERE\\"};
    EXPECT_EQ(bind_name(options, "ann"), "HERE\\ann");
    EXPECT_EQ(bind_name(options, "a\\b"), std::nullopt);
}

}  // namespace
}  // namespace pgweir::daemon
