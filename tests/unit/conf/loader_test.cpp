#include "conf/file/loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/access/secrets.hpp"
#include "corpus.hpp"

namespace pgweir::conf {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

namespace fs = std::filesystem;

std::shared_ptr<const Config> load(std::string_view text) {
    const LoadResult result = load_text(text, "f");
    for (const Problem& problem : result.problems) ADD_FAILURE() << problem.to_string();
    return result.config;
}

/// The only problem of a text, as its reader sees it.
std::string only_problem(const LoadResult& result) {
    EXPECT_EQ(result.config, nullptr);
    EXPECT_EQ(result.problems.size(), 1U);
    return result.problems.empty() ? std::string{} : result.problems.front().to_string();
}

std::string only_problem(std::string_view text) {
    return only_problem(load_text(text, "f"));
}

/// A folder that is removed at the end.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (fs::temp_directory_path() / "pgweir-conf-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryFolder() { fs::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string write(const std::string& name, std::string_view content) const {
        const fs::path file = path_ / name;
        std::ofstream{file, std::ios::binary} << content;
        return file.string();
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return (path_ / name).string();
    }

  private:
    fs::path path_;
};

TEST(LoadFile, OfTheIssueGivesItsValues) {
    const LoadResult result = load_file(PGWEIR_CONF_CORPUS "/valid/issue.yaml");
    ASSERT_NE(result.config, nullptr);
    const Config& config = *result.config;
    EXPECT_THAT(config.listen,
                ElementsAre(ListenAddress{"127.0.0.1", 6432}, ListenAddress{"/tmp", 6432}));
    EXPECT_EQ(config.http, (ListenAddress{"127.0.0.1", 9432}));
    EXPECT_EQ(config.workers, 0U);
    EXPECT_EQ(config.max_client_conn, 10'000U);
    EXPECT_EQ(config.pool.default_pool_size, 4U);
    ASSERT_EQ(config.databases.size(), 2U);
    EXPECT_THAT(config.databases[0].connection,
                ElementsAre(Pair("host", "127.0.0.1"), Pair("port", "5432"), Pair("dbname", "app"),
                            Pair("user", "app")));
    EXPECT_EQ(config.databases[1].options.pool_mode, PoolMode::session);
    EXPECT_EQ(config.databases[1].keyword("dbname"), nullptr);
}

TEST(LoadFile, ThatIsMissingOrAFolderIsOneProblemOfTheWholeFile) {
    EXPECT_EQ(only_problem(load_file("/nonexistent/pgweir.yaml")),
              "/nonexistent/pgweir.yaml: cannot read the file: No such file or directory");
    EXPECT_EQ(only_problem(load_file("/tmp")), "/tmp: cannot read the file: it is a folder");
}

TEST(LoadFile, ThatMayNotBeReadIsAProblem) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
    const TemporaryFolder folder;
    const std::string path = folder.write("f.yaml", "databases: {a: \"\"}");
    ::chmod(path.c_str(), 0);
    EXPECT_THAT(only_problem(load_file(path)), HasSubstr("Permission denied"));
}

TEST(LoadFile, ThatNeverEndsIsCutOff) {
    EXPECT_THAT(only_problem(load_file("/dev/zero")), HasSubstr("longer than 16MB"));
}

TEST(LoadFile, DoesNotHangOnAPipeThatNobodyWrites) {
    const TemporaryFolder folder;
    ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);
    EXPECT_THAT(only_problem(load_file(folder.path("pipe"))), HasSubstr("the file is empty"));
}

TEST(LoadText, ThatIsEmptyOrOnlyCommentsSaysSo) {
    for (const char* const text : {"", "\n\n", "# nothing\n", "---\n", "~"}) {
        EXPECT_EQ(only_problem(text), "f:1:1: the file is empty");
    }
}

TEST(LoadText, ThatIsNoTextSaysWhere) {
    EXPECT_EQ(only_problem("a: 1\nb\xFF"), "f:2:2: the file is not UTF-8 text");
    EXPECT_EQ(only_problem("ü\xC3"), "f:1:2: the file is not UTF-8 text");
    EXPECT_EQ(only_problem("\xED\xA0\x80"), "f:1:1: the file is not UTF-8 text");  // surrogate
    EXPECT_EQ(only_problem("\xC0\x80"), "f:1:1: the file is not UTF-8 text");      // overlong
    EXPECT_THAT(only_problem(std::string_view{"a\0b", 3}), HasSubstr("f:1:2: the file holds a"));
}

TEST(LoadText, MayHaveAByteOrderMarkAndWindowsLineEnds) {
    EXPECT_NE(load("\xEF\xBB\xBFpool:\r\n  mode: session\r\ndatabases: {a: \"\"}\r\n"), nullptr);
}

TEST(LoadText, ThatIsHugeOrDeepIsRefusedQuickly) {
    EXPECT_THAT(only_problem(std::string((16U << 20U) + 1, ' ')), HasSubstr("longer than 16MB"));
    EXPECT_THAT(only_problem(std::string(1'000'000, '[')), HasSubstr("nested too deeply"));
    EXPECT_THAT(only_problem(std::string(30, '[') + "&a [x" + std::string(31, ']')),
                HasSubstr("expected a map"));
}

TEST(LoadText, WithAliasesOfAliasesIsRefusedBeforeItGrows) {
    std::string wide = "x0: &x0 [a,a,a,a,a,a,a,a,a,a]\n";
    std::string deep = "y0: &y0 [a]\n";
    for (int i = 1; i < 40; ++i) {
        const std::string last = std::to_string(i - 1);
        const std::string now = std::to_string(i);
        wide += "x" + now + ": &x" + now + " [*x" + last;
        for (int j = 0; j < 9; ++j) wide += ",*x" + last;
        wide += "]\n";
        deep += "y" + now + ": &y" + now + " [*y" + last + "]\n";
    }
    EXPECT_THAT(only_problem(wide), HasSubstr("too many values"));
    EXPECT_THAT(only_problem(deep), HasSubstr("nested too deeply"));
}

TEST(LoadText, WithCountlessProblemsShowsTheFirstHundreds) {
    std::string text = "databases:\n";
    for (int i = 0; i < 600; ++i) text += "  d" + std::to_string(i) + ":\n";
    const LoadResult result = load_text(text, "f");
    EXPECT_EQ(result.problems.size(), 501U);
    EXPECT_EQ(result.problems.back().message, "and 100 more problems");
}

TEST(Listen, HasADefaultAndGivesFoldersThePortOfTheFirstAddress) {
    EXPECT_THAT(load("databases: {a: \"\"}")->listen,
                ElementsAre(ListenAddress{"127.0.0.1", 6432}));
    EXPECT_THAT(load("listen: [/tmp, h:1, h:2, /run:3]\ndatabases: {a: \"\"}")->listen,
                ElementsAre(ListenAddress{"/tmp", 1}, ListenAddress{"h", 1}, ListenAddress{"h", 2},
                            ListenAddress{"/run", 3}));
    EXPECT_THAT(load("listen: /tmp\ndatabases: {a: \"\"}")->listen,
                ElementsAre(ListenAddress{"/tmp", 6432}));
}

TEST(DatabaseEntry, StartsFromTheGlobalValuesWhereverTheyStand) {
    const auto config = load(R"(
databases: {a: {query_timeout: 1s}, b: ""}
timeouts: {query_timeout: 5s, server_lifetime: 7s}
)");
    EXPECT_EQ(config->databases[0].options.query_timeout, milliseconds{1'000});
    EXPECT_EQ(config->databases[0].options.server_lifetime, milliseconds{7'000});
    EXPECT_EQ(config->databases[1].options.query_timeout, milliseconds{5'000});
}

TEST(DatabaseEntry, IsCalledAsItsServersDatabaseUnlessItSaysOtherwise) {
    const auto config = load(R"(databases: {a: "", b: {dbname: x}, "*": "", s: "service=m"})");
    EXPECT_THAT(config->databases[0].connection, ElementsAre(Pair("dbname", "a")));
    EXPECT_THAT(config->databases[1].connection, ElementsAre(Pair("dbname", "x")));
    EXPECT_THAT(config->databases[2].connection, IsEmpty());
    EXPECT_THAT(config->databases[3].connection, ElementsAre(Pair("service", "m")));
}

TEST(UserEntry, HoldsOnlyWhatItGives) {
    const auto config = load("databases: {a: \"\"}\nusers: {u: {pool_size: 3}}");
    EXPECT_EQ(config->users[0].pool_size, 3U);
    EXPECT_EQ(config->users[0].query_timeout, std::nullopt);
    EXPECT_EQ(config->pool_options(config->databases[0], "u").default_pool_size, 3U);
}

TEST(Secret, FromAVariableMayHoldAnything) {
    corpus::set_environment();
    const auto config = load(R"(
databases:
  a: "host=x password=${PGWEIR_TEST_SECRET} user=u"
  b: {password: "<${PGWEIR_TEST_SECRET}> $${literal} $x"}
  c: "postgresql://u:${PGWEIR_TEST_SECRET}@h/d"
  d: "${PGWEIR_TEST_CONNECTION}"
)");
    EXPECT_EQ(*config->databases[0].keyword("password"), "hunter 'two'");
    EXPECT_EQ(*config->databases[0].keyword("user"), "u");
    EXPECT_EQ(*config->databases[1].keyword("password"), "<hunter 'two'> ${literal} $x");
    EXPECT_EQ(*config->databases[2].keyword("password"), "hunter 'two'");
    EXPECT_EQ(*config->databases[3].keyword("password"), "${literal}");
}

TEST(Secret, FromAFileLosesOneLineEnd) {
    const TemporaryFolder folder;
    EXPECT_EQ(*resolve_secret("file:" + folder.write("a", "hunter2\n\n")), "hunter2\n");
    EXPECT_EQ(*resolve_secret("file:" + folder.write("b", "hunter2\r\n")), "hunter2");
    EXPECT_EQ(*resolve_secret("file:" + folder.write("c", "${HOME}")), "${HOME}");
}

TEST(Secret, FromAnUnfitFileIsRefusedWithoutItsContent) {
    const TemporaryFolder folder;
    const auto refusal = [&](std::string_view content) {
        return resolve_secret("file:" + folder.write("s", content)).error().message;
    };
    EXPECT_THAT(refusal(""), HasSubstr("is empty"));
    EXPECT_THAT(refusal(std::string_view{"hunter\0two", 10}), HasSubstr("zero byte"));
    EXPECT_THAT(refusal(std::string(70'000, 'h')), HasSubstr("longer than 64kB"));
}

TEST(Secret, ThatAVariableHoldsIsNotTakenForAReference) {
    ::setenv("PGWEIR_TEST_FILE", "file:/etc/passwd", 1);
    EXPECT_EQ(*resolve_secret("${PGWEIR_TEST_FILE}"), "file:/etc/passwd");
}

}  // namespace
}  // namespace pgweir::conf
