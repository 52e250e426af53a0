// The files of tests/conf-corpus/pgbouncer: what each becomes stands beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <random>
#include <set>

#include "../corpus.hpp"
#include "conf/access/ldap_options.hpp"
#include "conf/file/configuration_file.hpp"
#include "conf/file/loader.hpp"
#include "conf/file/yaml_writer.hpp"
#include "conf/options/difference.hpp"
#include "conf/pgbouncer/import.hpp"

namespace pgweir::conf {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> ini_files(const std::string& folder) {
    std::vector<fs::path> paths = corpus::files(folder);
    std::erase_if(paths, [](const fs::path& path) { return path.extension() != ".ini"; });
    return paths;
}

std::string test_name(const testing::TestParamInfo<fs::path>& info) {
    std::string name = info.param.stem().string();
    for (char& c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    }
    return name;
}

/// The files name others beside them, as PgBouncer does: relative to the working directory.
class IniFile : public testing::TestWithParam<fs::path> {
  protected:
    void SetUp() override { fs::current_path(GetParam().parent_path()); }
    void TearDown() override { fs::current_path(before_); }

    [[nodiscard]] static std::string name() { return GetParam().filename().string(); }
    /// Compares with the file that has this suffix in place of `.ini`; PGWEIR_REGENERATE=1 in the
    /// environment writes it instead, to be read before it is committed.
    static void expect_beside(const std::string& suffix, const std::string& text) {
        fs::path path = GetParam();
        path.replace_extension(suffix);
        if (std::getenv("PGWEIR_REGENERATE") != nullptr) {
            std::ofstream{path, std::ios::binary} << text;
        }
        EXPECT_EQ(corpus::read(path), text);
    }

  private:
    fs::path before_ = fs::current_path();
};

std::string as_text(const std::vector<Problem>& problems) {
    std::string text;
    for (const Problem& problem : problems) text += problem.to_string() + '\n';
    return text;
}

class ValidIni : public IniFile {
  protected:
    void SetUp() override {
        IniFile::SetUp();
        if ((name() == "auth-ldap.ini" && !has_ldap()) ||
            (name() == "auth-pam.ini" && !has_pam())) {
            GTEST_SKIP() << "built without its library";
        }
    }
};

TEST_P(ValidIni, BecomesTheYamlAndTheReportBesideIt) {
    const ImportedFile imported = import_file(name());
    EXPECT_EQ(as_text(imported.loaded.problems), "");
    expect_beside(".yaml", imported.yaml);
    std::string report;
    for (const auto& line : imported.loaded.report.lines) {
        report += imported.loaded.report.to_string(line) + '\n';
    }
    expect_beside(".report", report + imported.loaded.report.summary() + '\n');
}

TEST_P(ValidIni, MeansTheSameAsItsYaml) {
    const ImportedFile imported = import_file(name());
    const LoadResult of_yaml = load_text(imported.yaml, "yaml");
    EXPECT_EQ(as_text(of_yaml.problems), "");
    ASSERT_TRUE(imported.loaded.config && of_yaml.config);
    const Difference found = difference(*imported.loaded.config, *of_yaml.config);
    EXPECT_THAT(found.changes, testing::IsEmpty());
}

TEST_P(ValidIni, TellsEverySettingOnce) {
    const pgbouncer::Ini ini = pgbouncer::read_ini(name());
    const pgbouncer::Report report = pgbouncer::import_ini(ini).report;
    for (const pgbouncer::IniSection& section : ini.sections) {
        for (const pgbouncer::IniSetting& setting : section.settings) {
            EXPECT_TRUE(std::ranges::any_of(report.lines, [&](const auto& line) {
                return line.place.file == setting.place.file &&
                       line.place.line == setting.place.line;
            })) << setting.name;
        }
    }
    std::set<std::string> told;
    for (const auto& line : report.lines) {
        if (line.text.starts_with("it is set again")) continue;
        EXPECT_TRUE(told.insert(report.where(line) + line.setting).second) << line.setting;
    }
}

TEST_P(ValidIni, ReportsNoPassword) {
    for (const auto& line : pgbouncer::import_ini(pgbouncer::read_ini(name())).report.lines) {
        EXPECT_THAT(line.text, testing::Not(testing::HasSubstr("it's a"))) << line.setting;
        EXPECT_THAT(line.text, testing::Not(testing::HasSubstr("=foo"))) << line.setting;
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, ValidIni, testing::ValuesIn(ini_files("pgbouncer")), test_name);

class InvalidIni : public IniFile {};

TEST_P(InvalidIni, HasExactlyTheProblemsBesideIt) {
    const ImportedFile imported = import_file(name());
    EXPECT_EQ(imported.loaded.config, nullptr);
    expect_beside(".problems", as_text(imported.loaded.problems));
}

TEST_P(InvalidIni, ShowsNoSecret) {
    const ImportedFile imported = import_file(name());
    std::string shown = as_text(imported.loaded.problems);
    for (const auto& line : imported.loaded.report.lines) shown += line.text;
    for (const char* const part : {"hunter", "ter2", "horse"}) {
        EXPECT_THAT(shown, testing::Not(testing::HasSubstr(part)));
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, InvalidIni, testing::ValuesIn(ini_files("pgbouncer-invalid")),
                         test_name);

/// A few random edits: bytes changed, removed, doubled.
std::string mutate(std::string text, std::mt19937& random) {
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random);
    };
    constexpr std::string_view spice = "[]=;#'\"%*,.:/@\\\n\t $\x01\xC3-0";
    for (std::size_t edits = 1 + below(6); edits > 0 && !text.empty(); --edits) {
        const std::size_t at = below(text.size());
        switch (below(3)) {
            case 0:
                text[at] = spice[below(spice.size())];
                break;
            case 1:
                text.erase(at, 1 + below(8));
                break;
            default:
                text.insert(at, text.substr(below(text.size()), below(40)));
        }
    }
    return text;
}

TEST(MutatedIni, GivesProblemsWithPlacesOrYamlThatMeansTheSame) {
    std::vector<std::string> texts;
    for (const fs::path& path : ini_files("pgbouncer")) texts.push_back(corpus::read(path));
    std::mt19937 random{20'240'607};  // NOLINT(cert-msc51-cpp): the same files in each run
    for (int round = 0; round < 1'500; ++round) {
        const std::string text = mutate(texts[random() % texts.size()], random);
        const pgbouncer::Import import = pgbouncer::import_ini(
            pgbouncer::read_ini("f", [&](const std::string& path) -> Result<std::string> {
                if (path == "f") return text;
                return Refusal{"it is elsewhere"};
            }));
        const LoadResult of_ini = load_tree(import.tree, import.report.files);
        for (const Problem& problem : of_ini.problems) ASSERT_FALSE(problem.message.empty());
        if (!of_ini.config) continue;
        const LoadResult of_yaml = load_text(write_yaml(*import.tree.root), "yaml");
        ASSERT_TRUE(of_yaml.config) << text << as_text(of_yaml.problems);
        ASSERT_TRUE(difference(*of_ini.config, *of_yaml.config).empty()) << text;
    }
}

}  // namespace
}  // namespace pgweir::conf
