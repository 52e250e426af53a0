#include "conf/access/hba.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "conf/access/ident_map.hpp"
#include "conf/config.hpp"

namespace pgweir::conf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> texts(const std::vector<Problem>& problems) {
    std::vector<std::string> lines;
    for (const Problem& problem : problems) lines.push_back(problem.to_string());
    return lines;
}

std::shared_ptr<const Hba> parse(std::string_view text) {
    std::vector<Problem> problems;
    auto hba = Hba::parse(text, "hba", problems);
    EXPECT_THAT(texts(problems), IsEmpty());
    return hba;
}

std::vector<std::string> problems_of(std::string_view text) {
    std::vector<Problem> problems;
    std::ignore = Hba::parse(text, "hba", problems);
    return texts(problems);
}

HbaQuestion from(const std::string& address, std::string_view user = "ann",
                 std::string_view database = "app", bool tls = false) {
    HbaQuestion question{.is_tls = tls, .user = user, .database = database};
    if (address == "local") {
        question.is_local = true;
    } else {
        question.address = *IpAddress::parse(address);
    }
    return question;
}

// The line of the rule that decides, 0 for none.
int line_for(const std::shared_ptr<const Hba>& hba, const HbaQuestion& question) {
    const HbaRule* const rule = hba->find(question);
    return rule == nullptr ? 0 : rule->line;
}

TEST(Hba, TheFirstRuleThatFitsDecides) {
    const auto hba = parse(
        "# comment\n"
        "local all all peer\n"
        "host app ann 10.0.0.0/8 reject\n"
        "host app all 10.0.0.0/8 md5 # with a comment\n");
    EXPECT_EQ(line_for(hba, from("local")), 2);
    EXPECT_EQ(line_for(hba, from("10.1.2.3")), 3);
    EXPECT_EQ(line_for(hba, from("10.1.2.3", "bob")), 4);
    EXPECT_EQ(line_for(hba, from("11.1.2.3")), 0);
    EXPECT_EQ(line_for(hba, from("10.1.2.3", "bob", "other")), 0);
    EXPECT_EQ(hba->find(from("10.1.2.3", "bob"))->text, "host app all 10.0.0.0/8 md5");
}

// PostgreSQL manual, "The pg_hba.conf File", example entries, without what pgweir refuses.
TEST(Hba, ReadsTheManualsExample) {
    const auto hba = parse(
        "local   all             all                                     trust\n"
        "host    all             all             127.0.0.1/32            trust\n"
        "host    all             all             127.0.0.1       255.255.255.255     trust\n"
        "host    all             all             ::1/128                 trust\n"
        "\n"
        "host    postgres        all             192.168.93.0/24         scram-sha-256\n"
        "host    all             mike            192.168.12.10/32        md5\n"
        "host    all             all             192.168.54.1/32         reject\n"
        "host    all             /^.*helpdesk$   192.168.0.0/16          scram-sha-256\n"
        "local   sameuser        all                                     md5\n"
        "local   \"/^db\\d{2,4}$\"  all                                  md5\n"
        "local   db1,db2,demodb  all                                     md5\n");
    EXPECT_EQ(line_for(hba, from("127.0.0.1")), 2);
    EXPECT_EQ(line_for(hba, from("::1")), 4);
    EXPECT_EQ(line_for(hba, from("192.168.12.10", "mike")), 7);
    EXPECT_EQ(line_for(hba, from("192.168.54.1")), 8);
    EXPECT_EQ(line_for(hba, from("192.168.1.1", "the_helpdesk")), 9);
    EXPECT_EQ(line_for(hba, from("192.168.1.1", "the_helpdesk_not")), 0);
    EXPECT_EQ(line_for(hba, from("local", "ann", "ann")), 1);
    EXPECT_TRUE(hba->rules().at(9).databases.at(0).regex->matches("db123"));
    EXPECT_FALSE(hba->rules().at(9).databases.at(0).regex->matches("db1"));
}

TEST(Hba, TellsTransportsApart) {
    const auto hba = parse(
        "hostgssenc all all all trust\n"
        "hostssl all all all cert\n"
        "hostnossl all all all reject\n"
        "local all all peer\n");
    EXPECT_EQ(line_for(hba, from("10.0.0.1", "ann", "app", true)), 2);
    EXPECT_EQ(line_for(hba, from("10.0.0.1")), 3);
    EXPECT_EQ(line_for(hba, from("local")), 4);
    EXPECT_TRUE(hba->find(from("10.0.0.1", "ann", "app", true))->needs_certificate);
    EXPECT_EQ(line_for(parse("hostnogssenc all all all trust\n"), from("10.0.0.1")), 1);
}

TEST(Hba, ReadsListsKeywordsAndQuotes) {
    EXPECT_EQ(line_for(parse("local a,app, b ann,bob trust"), from("local", "bob")), 1);
    EXPECT_EQ(line_for(parse("local \"all\" all trust"), from("local")), 0);
    EXPECT_EQ(line_for(parse("local \"all\" all trust"), from("local", "ann", "all")), 1);
    EXPECT_EQ(line_for(parse("local sameuser all trust"), from("local", "ann", "ann")), 1);
    EXPECT_EQ(line_for(parse("local sameuser all trust"), from("local", "ann", "app")), 0);
    EXPECT_EQ(line_for(parse("local all \"two words\" trust"), from("local", "two words")), 1);
    EXPECT_EQ(line_for(parse("local all \"a\"\"b\" trust"), from("local", "a\"b")), 1);
    EXPECT_EQ(line_for(parse("local all \\\n  ann trust"), from("local")), 1);
}

// As PostgreSQL's check_db().
TEST(Hba, PhysicalReplicationFitsItsKeywordAndNothingElse) {
    HbaQuestion physical = from("local", "ann", "replication");
    physical.is_physical_replication = true;
    EXPECT_EQ(line_for(parse("local replication all trust"), physical), 1);
    EXPECT_EQ(line_for(parse("local app,replication ann trust"), physical), 1);
    EXPECT_EQ(line_for(parse("local replication bob trust"), physical), 0);
    EXPECT_EQ(line_for(parse("local all all trust"), physical), 0);
    EXPECT_EQ(line_for(parse("local \"replication\" all trust"), physical), 0);
    EXPECT_EQ(line_for(parse("local \"/.*\" all trust"), physical), 0);
    const HbaQuestion logical = from("local", "ann", "replication");
    EXPECT_EQ(line_for(parse("local replication all trust"), logical), 0);
    EXPECT_EQ(line_for(parse("local \"replication\" all trust"), logical), 1);
    EXPECT_EQ(line_for(parse("local all all trust"), logical), 1);
}

TEST(Hba, MatchesAddressesByBitsAndByMask) {
    for (unsigned bits = 0; bits <= 32; ++bits) {
        const auto hba = parse("host all all 10.20.30.40/" + std::to_string(bits) + " trust");
        EXPECT_EQ(line_for(hba, from("10.20.30.40")), 1) << bits;
        EXPECT_EQ(line_for(hba, from("10.20.30.41")), bits <= 31 ? 1 : 0) << bits;
        EXPECT_EQ(line_for(hba, from("138.20.30.40")), bits == 0 ? 1 : 0) << bits;
        EXPECT_EQ(line_for(hba, from("::1")), 0) << "another family";
    }
    const auto v6 = parse("host all all fe80::/10 trust");
    EXPECT_EQ(line_for(v6, from("fe80::1")), 1);
    EXPECT_EQ(line_for(v6, from("febf::1")), 1);
    EXPECT_EQ(line_for(v6, from("fec0::1")), 0);
    EXPECT_EQ(line_for(parse("host all all 10.0.0.0 255.0.0.0 trust"), from("10.9.9.9")), 1);
    EXPECT_EQ(line_for(parse("host all all samehost trust"), from("127.0.0.1")), 1);
    EXPECT_EQ(line_for(parse("host all all samenet trust"), from("127.9.9.9")), 1);
    EXPECT_EQ(line_for(parse("host all all samehost trust"), from("127.9.9.9")), 0);
}

TEST(Hba, TakesAMappedAddressForOneOfIpv4) {
    const std::array<unsigned char, 16> mapped{0, 0, 0,    0,    0,  0, 0, 0,
                                               0, 0, 0xff, 0xff, 10, 0, 0, 1};
    const HbaQuestion question{
        .address = IpAddress::v6(mapped.data()), .user = "ann", .database = "app"};
    EXPECT_EQ(line_for(parse("host all all 10.0.0.1/32 trust"), question), 1);
}

TEST(Hba, ReadsOptions) {
    const auto hba = parse(
        "hostssl all all all cert map=people clientname=DN\n"
        "hostssl all all all scram-sha-256 clientcert=verify-full\n");
    EXPECT_EQ(hba->rules()[0].map, "people");
    EXPECT_TRUE(hba->rules()[0].client_name_is_dn);
    EXPECT_TRUE(hba->rules()[1].needs_certificate);
    EXPECT_TRUE(hba->rules()[1].certificate_is_user);
    EXPECT_EQ(hba->rules()[1].method, AuthType::scram_sha_256);
}

TEST(Hba, NamesEveryProblemWithItsPlace) {
    EXPECT_THAT(problems_of("locale all all trust\n"
                            "host all all trust\n"
                            "host all all 10.0.0.0/33 trust\n"
                            "host all all example.com trust\n"
                            "local all +admins trust\n"
                            "local samerole all trust\n"
                            "local all all gss include_realm=1\n"
                            "host all all all peer\n"
                            "host all all all cert\n"
                            "local all all trust nonsense\n"
                            "local all all trust map=x\n"
                            "local all /( trust\n"
                            "local all\n"
                            "local all \"ann trust\n"
                            "include other.conf\n"
                            "local all @users trust\n"),
                ElementsAre(StartsWith("hba:1:1: \"locale\" is not local"),
                            StartsWith("hba:2:14: \"trust\" is not an address"),
                            "hba:3:14: \"10.0.0.0/33\": expected 0 to 32 behind the slash",
                            StartsWith("hba:4:14: \"example.com\" is not an address"),
                            StartsWith("hba:5:11: \"+admins\" needs the membership of roles"),
                            StartsWith("hba:6:7: \"samerole\" needs the membership of roles"),
                            StartsWith("hba:7:15: \"gss\" is not trust, reject"),
                            "hba:8:18: peer works for local connections only",
                            "hba:9:18: cert works for hostssl connections only",
                            "hba:10:21: \"nonsense\" is not of the form name=value",
                            "hba:11:21: map is for the methods cert and peer",
                            StartsWith("hba:12:11: invalid regular expression \"/(\""),
                            "hba:13:7: the line ends before its users",
                            "hba:14:11: the line ends before a method",
                            "hba:15:1: other files cannot be included here",
                            "hba:16:11: other files cannot be referred to here",
                            "hba:14:11: a quote is not closed"));
}

// Files of the test's own.
class HbaFiles : public testing::Test {
  protected:
    HbaFiles() { std::filesystem::create_directories(folder / "more"); }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string write(const std::string& name, std::string_view text) const {
        std::ofstream{folder / name, std::ios::binary} << text;
        return (folder / name).string();
    }

    std::filesystem::path folder =
        std::filesystem::path{testing::TempDir()} / ("pgweir-hba-" + std::to_string(::getpid()));
    std::vector<Problem> problems;
};

TEST_F(HbaFiles, AreIncludedInTheirOrder) {
    write("first.conf", "local all ann reject\n");
    write("more/b.conf", "local all bob md5\n");
    write("more/a.conf", "local all bob trust\n");
    write("more/ignored.txt", "nonsense\n");
    write("users", "eve, \"mal lory\" # both\noscar\n");
    const std::string path = write("hba.conf",
                                   "include first.conf\n"
                                   "include_if_exists nowhere.conf\n"
                                   "include_dir more\n"
                                   "local all @users password\n");
    const auto hba = Hba::load(path, problems);
    EXPECT_THAT(texts(problems), IsEmpty());
    EXPECT_EQ(hba->find(from("local", "ann"))->file, (folder / "first.conf").string());
    EXPECT_EQ(hba->find(from("local", "bob"))->method, AuthType::trust);
    EXPECT_EQ(line_for(hba, from("local", "mal lory")), 4);
    EXPECT_EQ(line_for(hba, from("local", "oscar")), 4);
}

TEST_F(HbaFiles, ThatAreNotThereOrIncludeThemselvesAreProblems) {
    const std::string path = write("hba.conf", "include nowhere.conf\nlocal all @nowhere trust\n");
    std::ignore = Hba::load(path, problems);
    EXPECT_THAT(texts(problems), ElementsAre(StartsWith(path + ":1:9: cannot read"),
                                             StartsWith(path + ":2:11: cannot read")));
    problems.clear();
    std::ignore = Hba::load(write("loop.conf", "include loop.conf\n"), problems);
    EXPECT_THAT(texts(problems), ElementsAre(testing::EndsWith("included more than 10 deep")));
    problems.clear();
    std::ignore = Hba::load((folder / "absent").string(), problems);
    EXPECT_THAT(texts(problems), ElementsAre(testing::HasSubstr("cannot read the file")));
}

std::shared_ptr<const IdentMaps> maps(std::string_view text) {
    std::vector<Problem> problems;
    auto parsed = IdentMaps::parse(text, "ident", problems);
    EXPECT_THAT(texts(problems), IsEmpty());
    return parsed;
}

TEST(IdentMaps, WithoutAMapNamesMustBeTheSame) {
    EXPECT_TRUE(IdentMaps::none()->allows("", "ann", "ann"));
    EXPECT_FALSE(IdentMaps::none()->allows("", "ann", "bob"));
    EXPECT_FALSE(IdentMaps::none()->allows("people", "ann", "ann"));
}

TEST(IdentMaps, MapNamesAndPatterns) {
    const auto parsed = maps(
        "# MAPNAME SYSTEM-USERNAME PG-USERNAME\n"
        "people ann shop\n"
        "people ann app\n"
        "people /^(.*)@example\\.com$ \\1\n"
        "people /^(.*)@other\\.com$ guest\n"
        "root root all\n"
        "quoted \"two words\" \"all\"\n");
    EXPECT_TRUE(parsed->allows("people", "ann", "shop"));
    EXPECT_TRUE(parsed->allows("people", "ann", "app"));
    EXPECT_FALSE(parsed->allows("people", "ann", "ann"));
    EXPECT_TRUE(parsed->allows("people", "bob@example.com", "bob"));
    EXPECT_FALSE(parsed->allows("people", "bob@example.com", "eve"));
    EXPECT_FALSE(parsed->allows("people", "bob@exampleXcom", "bob"));
    EXPECT_TRUE(parsed->allows("people", "eve@other.com", "guest"));
    EXPECT_TRUE(parsed->allows("root", "root", "anybody"));
    EXPECT_TRUE(parsed->allows("quoted", "two words", "all"));
    EXPECT_FALSE(parsed->allows("quoted", "two words", "anybody"));
}

TEST(IdentMaps, NameEveryProblemWithItsPlace) {
    std::vector<Problem> problems;
    std::ignore = IdentMaps::parse("people ann\nm /( x\nm s +role\na,b s u\n", "ident", problems);
    EXPECT_THAT(texts(problems),
                ElementsAre("ident:1:1: expected the name of a map, a system name and a user",
                            StartsWith("ident:2:3: invalid regular expression"),
                            StartsWith("ident:3:5: \"+role\" needs the membership of roles"),
                            "ident:4:1: expected the name of a map, a system name and a user"));
}

}  // namespace
}  // namespace pgweir::conf
