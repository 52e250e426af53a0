#include "conf/access/ldap_options.hpp"

#include <gmock/gmock.h>

#include "conf/access/hba.hpp"
#include "conf/config.hpp"

namespace pgweir::conf {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class LdapOptionsTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!has_ldap()) GTEST_SKIP() << "built without libldap";
    }
    static std::string problem_of(std::string_view text) {
        const auto read = parse_ldap_options(text);
        return read ? std::string{} : read.error().message;
    }
};

TEST_F(LdapOptionsTest, OfASimpleBindAreAPrefixAndASuffix) {
    const auto read = parse_ldap_options(
        R"(ldapserver=a ldapport=1389 ldaptls=1 ldapprefix="cn=" ldapsuffix=", dc=x")");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->server, "a");
    EXPECT_EQ(read->port, 1389);
    EXPECT_TRUE(read->starts_tls);
    EXPECT_EQ(read->prefix, "cn=");
    EXPECT_EQ(read->suffix, ", dc=x");
    EXPECT_FALSE(read->base_dn);
    EXPECT_EQ(read->scope, LdapOptions::subtree);
}

TEST_F(LdapOptionsTest, AUrlStandsForSeveral) {
    const auto read =
        parse_ldap_options(R"(ldapurl="ldaps://127.0.0.1:12345/dc=example,dc=net?uid?sub")");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->scheme, "ldaps");
    EXPECT_EQ(read->server, "127.0.0.1");
    EXPECT_EQ(read->port, 12345);
    EXPECT_EQ(read->base_dn, "dc=example,dc=net");
    EXPECT_EQ(read->search_attribute, "uid");
    EXPECT_EQ(read->scope, LdapOptions::subtree);
    const auto filtered = parse_ldap_options(R"x(ldapurl="ldap://h/dc=x??one?(cn=$username)")x");
    ASSERT_TRUE(filtered) << filtered.error().message;
    EXPECT_EQ(filtered->search_filter, "(cn=$username)");
    EXPECT_EQ(filtered->port, 389);
    EXPECT_EQ(filtered->scope, 1);
}

TEST_F(LdapOptionsTest, CommasAndDoubledQuotesAreRead) {
    const auto read = parse_ldap_options(
        R"(ldapserver="a b", ldapbasedn="dc=x", ldapbinddn="cn=s", ldapbindpasswd="a""b#c")");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->server, "a b");
    EXPECT_EQ(read->bind_dn, "cn=s");
    EXPECT_EQ(read->bind_password, "a\"b#c");
}

TEST_F(LdapOptionsTest, ThatCannotWorkAreRefused) {
    EXPECT_THAT(problem_of(""), HasSubstr("ldap needs ldapbasedn"));
    EXPECT_THAT(problem_of("ldapserver=a"), HasSubstr("ldap needs ldapbasedn"));
    EXPECT_THAT(problem_of("ldapprefix=x"), HasSubstr("ldap needs ldapserver"));
    EXPECT_THAT(problem_of("ldapserver=a ldapprefix=x ldapbasedn=y"), HasSubstr("mixed"));
    EXPECT_THAT(problem_of("ldapserver=a ldapbasedn=y ldapsearchattribute=u ldapsearchfilter=f"),
                HasSubstr("together"));
    EXPECT_THAT(problem_of("ldapserver=a ldapprefix=x ldaptls=on"), HasSubstr("neither 0 nor 1"));
    EXPECT_THAT(problem_of("ldapserver=a ldapprefix=x ldapport=0"), HasSubstr("not a port"));
    EXPECT_THAT(problem_of("ldapserver=a ldapprefix=x ldapport=70000"), HasSubstr("not a port"));
    EXPECT_THAT(problem_of("ldapserver=a ldapprefix=x ldapscheme=ldapi"), HasSubstr("neither"));
    EXPECT_THAT(problem_of("ldapurl=http://x/"), HasSubstr("not a URL of LDAP"));
    EXPECT_THAT(problem_of("ldapurl=ldapi://x/dc=x"), HasSubstr("neither ldap nor ldaps"));
    EXPECT_THAT(problem_of("ldapserver=a ldaptls=1 ldapscheme=ldaps ldapprefix=x"),
                HasSubstr("TLS already"));
    EXPECT_THAT(problem_of("ldapserver=\"a"), HasSubstr("quote is not closed"));
}

TEST_F(LdapOptionsTest, AreRefusedWithoutShowingTheSecret) {
    for (const char* const text : {"ldapserver=a ldapbasedn=b ldapbindpasswd=one hunter2",
                                   "ldapserver=a ldapbasedn=b ldapbindpasswd=one#hunter2",
                                   "ldapserver=a ldapbasedn=b ldapbindpasswd=one,hunter2=x",
                                   "ldapserver=a ldapprefix=b ldapbindpasswd=hunter2"}) {
        EXPECT_THAT(problem_of(text), Not(IsEmpty())) << text;
        EXPECT_THAT(problem_of(text), Not(HasSubstr("hunter2"))) << text;
    }
}

TEST(WithoutALibrary, ItsMethodIsRefused) {
    std::vector<Problem> problems;
    std::ignore = Hba::parse(
        "local all all ldap ldapserver=x ldapprefix=y\n"
        "local all all pam\n",
        "hba", problems);
    EXPECT_EQ(problems.size(), (has_ldap() ? 0U : 1U) + (has_pam() ? 0U : 1U));
    for (const Problem& problem : problems)
        EXPECT_THAT(problem.message, HasSubstr("built without"));
}

class HbaOutside : public LdapOptionsTest {
  protected:
    void SetUp() override {
        if (!has_ldap() || !has_pam()) GTEST_SKIP() << "built without libldap or libpam";
    }
    std::shared_ptr<const Hba> parse(std::string_view text) {
        auto hba = Hba::parse(text, "hba", problems);
        for (const Problem& problem : problems) all_problems += problem.to_string() + '\n';
        return hba;
    }
    std::vector<Problem> problems;
    std::string all_problems;
};

TEST_F(HbaOutside, ARuleHasTheOptionsOfLdap) {
    const auto hba = parse(
        "host all all 127.0.0.1/32 ldap ldapserver=x ldapbasedn=\"dc=x\" ldapbindpasswd=hunter2\n"
        "host all all all ldap ldapserver=y, ldapprefix=\"cn=\", ldapsuffix=\",dc=x\"\n");
    ASSERT_THAT(all_problems, IsEmpty());
    EXPECT_EQ(hba->rules()[0].method, AuthType::ldap);
    EXPECT_EQ(hba->rules()[0].ldap.bind_password, "hunter2");
    EXPECT_THAT(hba->rules()[0].text, testing::EndsWith("ldapbindpasswd=(secret)"));
    EXPECT_EQ(hba->rules()[1].ldap.suffix, ",dc=x");
    EXPECT_THAT(hba->rules()[1].text, testing::EndsWith("ldapsuffix=\",dc=x\""));
}

TEST_F(HbaOutside, ARuleHasTheOptionsOfPam) {
    const auto hba = parse(
        "host all all all pam\n"
        "local all all pam pamservice=own pam_use_hostname=1\n");
    ASSERT_THAT(all_problems, IsEmpty());
    EXPECT_EQ(hba->rules()[0].method, AuthType::pam);
    EXPECT_EQ(hba->rules()[0].pam_service, "postgresql");
    EXPECT_FALSE(hba->rules()[0].pam_uses_host_name);
    EXPECT_EQ(hba->rules()[1].pam_service, "own");
    EXPECT_TRUE(hba->rules()[1].pam_uses_host_name);
}

TEST_F(HbaOutside, OptionsOfAnotherMethodAreRefused) {
    parse("host all all all pam ldapserver=x\n");
    EXPECT_THAT(all_problems, HasSubstr("hba:1:22: unknown option \"ldapserver\""));
    parse("host all all all ldap ldapserver=x ldapprefix=y pamservice=z\n");
    EXPECT_THAT(all_problems, HasSubstr("unknown option \"pamservice\""));
}

TEST_F(HbaOutside, NoProblemShowsASecret) {
    parse(
        "host all all all ldap ldapserver=x ldapbasedn=y ldapbindpasswd=one hunter2\n"
        "host all all all ldap ldapserver=x ldapbasedn=y ldapbindpasswd=one,hunter2=x\n"
        "host all all all ldap ldapbasedn=y ldap\"bindpasswd\"=hunter2 ldapserver=x\n");
    EXPECT_EQ(problems.size(), 2);
    EXPECT_THAT(all_problems, Not(HasSubstr("hunter2")));
}

TEST_F(HbaOutside, NoTextOfARuleShowsASecret) {
    const auto hba =
        parse("host all all all ldap ldapbasedn=y ldap\"bindpasswd\"=hunter2 ldapserver=x\n");
    ASSERT_EQ(hba->rules().size(), 1);
    EXPECT_THAT(hba->rules()[0].text, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace pgweir::conf
