#include "conf/pgbouncer/ini_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace pgweir::conf::pgbouncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Files = std::map<std::string, std::string>;

Ini read(const Files& files) {
    return read_ini("main", [&](const std::string& path) -> Result<std::string> {
        const auto found = files.find(path);
        if (found == files.end()) return Refusal{"no such file"};
        return found->second;
    });
}

/// All settings as `section.name=value`.
std::vector<std::string> settings(const Ini& ini) {
    std::vector<std::string> all;
    for (const IniSection& section : ini.sections) {
        for (const IniSetting& setting : section.settings) {
            all.push_back(section.name + '.' + setting.name + '=' + setting.value);
        }
    }
    return all;
}

TEST(ReadIni, TakesNamesAndValuesWithoutTheBlanksAroundThem) {
    const Ini ini = read({{"main", "[a]\n x=1\n\ty\t=\t2 3 \r\nz.-_*9 =\nq = a;b#c=d\n[b] v = 1"}});
    EXPECT_THAT(ini.problems, IsEmpty());
    EXPECT_THAT(settings(ini),
                ElementsAre("a.x=1", "a.y=2 3", "a.z.-_*9=", "a.q=a;b#c=d", "b.v=1"));
}

TEST(ReadIni, PassesOverCommentsAndEmptyLines) {
    const Ini ini = read({{"main", "; [x]\n# a = 1\n\n   ; b = 2\n[s]\n"}});
    EXPECT_THAT(ini.problems, IsEmpty());
    ASSERT_THAT(ini.sections, SizeIs(1));
    EXPECT_EQ(ini.sections[0].name, "s");
    EXPECT_THAT(ini.sections[0].settings, IsEmpty());
}

TEST(ReadIni, TakesNamesInDoubleQuotes) {
    const Ini ini = read({{"main", "[s]\n\"a \"\"b\"\" = c\" = 1\n"}});
    EXPECT_THAT(settings(ini), ElementsAre("s.a \"b\" = c=1"));
}

TEST(ReadIni, SkipsAByteOrderMark) {
    EXPECT_THAT(settings(read({{"main", "\xEF\xBB\xBF[s]\na=1"}})), ElementsAre("s.a=1"));
}

TEST(ReadIni, CountsPlacesInCharacters) {
    const Ini ini = read({{"main", "[s]\n  \"\xC3\xA4\xC3\xB6\" =  x\n"}});
    ASSERT_THAT(ini.sections, SizeIs(1));
    EXPECT_EQ(ini.sections[0].settings[0].place, (Place{2, 3}));
    EXPECT_EQ(ini.sections[0].settings[0].value_place, (Place{2, 11}));
}

TEST(ReadIni, GoesOnInAnIncludedFileAndAfterIt) {
    const Ini ini = read({{"main", "[a]\n%include\t other \nz=3\n"}, {"other", "x=1\n[b]\ny=2\n"}});
    EXPECT_THAT(settings(ini), ElementsAre("a.x=1", "b.y=2", "b.z=3"));
    EXPECT_THAT(ini.files, ElementsAre("main", "other"));
    EXPECT_EQ(ini.sections[1].settings[0].place, (Place{3, 1, 1}));
    EXPECT_EQ(ini.sections[1].settings[1].place, (Place{3, 1, 0}));
}

TEST(ReadIni, TellsWhereAFileIsIncludedThatCannotBeRead) {
    const Ini ini = read({{"main", "[a]\n%include none\n"}});
    ASSERT_THAT(ini.problems, SizeIs(1));
    EXPECT_EQ(ini.problems[0].message, "cannot read \"none\": no such file");
    EXPECT_EQ(ini.problems[0].place, (Place{2, 1}));
    EXPECT_EQ(read({}).problems.at(0).message, "cannot read the file: no such file");
}

TEST(ReadIni, BoundsInclusionInDepthAndNumber) {
    EXPECT_THAT(read({{"main", "%include main\n"}}).files, SizeIs(11));
    const Ini many = read({{"main", "%include main\n%include main\n"}});
    EXPECT_THAT(many.files, SizeIs(256));
    EXPECT_THAT(many.problems.front().message, HasSubstr("too many files"));
}

TEST(ReadIni, EndsALineAndNotTheReadingAtASyntaxError) {
    const Ini ini = read({{"main", "early = 1\n[s]\na b = 1\nb\n= c\n\"d = 1\n[e\n%f = 1\ng = 1"}});
    EXPECT_THAT(settings(ini), ElementsAre("s.g=1"));
    EXPECT_THAT(ini.problems, SizeIs(7));
    for (std::size_t i = 0; i < ini.problems.size(); ++i) {
        EXPECT_EQ(ini.problems[i].place.line, i == 0 ? 1 : static_cast<int>(i) + 2);
    }
}

TEST(ReadIni, RefusesWhatIsNoTextSaveInComments) {
    EXPECT_THAT(read({{"main", "; \xE4\n[s]\na = \xE4\nb=\x01\n"}}).problems, SizeIs(2));
    const Ini zero = read({{"main", std::string{"[s]\na=1\n\0", 9}}});
    ASSERT_THAT(zero.problems, SizeIs(1));
    EXPECT_EQ(zero.problems[0].place, (Place{3, 1}));
}

}  // namespace
}  // namespace pgweir::conf::pgbouncer
