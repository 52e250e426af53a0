#include "pool/session/login_defaults.hpp"

#include <gmock/gmock.h>

#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// The settings that a role gives, with what others have.
LoginDefaults of(std::vector<Parameter> given, std::vector<Parameter> others = {}) {
    return {.given = std::move(given), .others = std::move(others), .sources = ""};
}

std::string row(std::string_view kind, std::string_view name, std::string_view value) {
    std::string body{'\0', '\3'};
    for (const std::string_view column : {kind, name, value}) {
        body.append(3, '\0').append(1, static_cast<char>(column.size())).append(column);
    }
    return body;
}

TEST(KeptDefaults, AreNoneWhereBothHaveTheSame) {
    EXPECT_THAT(kept_defaults(of({{"a", "1"}}), of({{"a", "1"}})), IsEmpty());
    EXPECT_THAT(kept_defaults(of({}, {{"a", "1"}}), of({}, {{"a", "2"}})), IsEmpty());
}

TEST(KeptDefaults, AreThoseThatTheNewServerHasNotOrOtherwise) {
    EXPECT_THAT(kept_defaults(of({{"a", "1"}, {"b", "2"}}), of({{"b", "3"}})),
                ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(KeptDefaults, AreAsTheyWereWithoutWhatIsGivenSince) {
    const LoginDefaults began = of({}, {{"timezone", "UTC"}, {"work_mem", "4096"}});
    EXPECT_THAT(kept_defaults(began, of({{"my.own", "7"},
                                         {"role", "app"},
                                         {"timezone", "CET"},
                                         {"unknown", "1"},
                                         {"work_mem", "4096"}})),
                ElementsAre(Pair("my.own", ""), Pair("role", "none"), Pair("timezone", "UTC")));
}

TEST(LoginDefaults, TellTheRoleThatALoginBeginsWith) {
    EXPECT_EQ(of({}).role(), "none");
    EXPECT_EQ(of({{"role", "app"}}).role(), "app");
}

TEST(LoginDefaultsReader, SortsByTheKindOfRow) {
    LoginDefaultsReader reader;
    reader.row(row("o", "work_mem", "4096"), true);
    reader.row(row("o", "application_name", "pgweir"), true);
    reader.row(row("d", "TimeZone", "C\\303\\251"), true);
    reader.row(row("d", "role", "app"), true);
    reader.row(row("m", "", "f t"), true);
    const auto found = reader.finish();
    ASSERT_NE(found, nullptr);
    EXPECT_THAT(found->given, ElementsAre(Pair("role", "app"), Pair("timezone", "Cé")));
    EXPECT_THAT(found->others, ElementsAre(Pair("work_mem", "4096")));
    EXPECT_EQ(found->sources, "f t");
}

TEST(LoginDefaultsReader, HasNothingToTellOfHalfAnAnswer) {
    LoginDefaultsReader reader;
    reader.row(row("m", "", "f t"), true);
    reader.row(row("d", "search_path", "long"), false);
    EXPECT_EQ(reader.finish(), nullptr);
    EXPECT_EQ(LoginDefaultsReader().finish(), nullptr);
}

// A user's name is a literal, however it is written.
TEST(LoginDefaultsQuestion, QualifiesAllNames) {
    const std::string question = login_defaults_question("o'neill", true);
    EXPECT_NE(question.find("'o''neill'"), std::string::npos);
    EXPECT_EQ(question.find("$login"), std::string::npos);
    EXPECT_NE(question.find("'superuser'"), std::string::npos);
    EXPECT_EQ(login_defaults_question("ann", false).find("'superuser'"), std::string::npos);
}

}  // namespace
}  // namespace pgweir::pool
