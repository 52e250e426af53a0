#include "corpus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <random>
#include <sstream>

#include "conf/file/loader.hpp"

namespace pgweir::conf {
namespace {

namespace fs = std::filesystem;

std::string test_name(const testing::TestParamInfo<fs::path>& info) {
    std::string name = info.param.stem().string();
    for (char& c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    }
    return name;
}

/// What the comments at the top of an invalid file promise: `line:column: message`.
std::vector<std::string> expectations(const std::string& text) {
    constexpr std::string_view prefix = "# expect: ";
    std::vector<std::string> expected;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line) && line.starts_with(prefix);) {
        expected.push_back(line.substr(prefix.size()));
    }
    return expected;
}

class ValidFile : public testing::TestWithParam<fs::path> {};

TEST_P(ValidFile, LoadsWithoutAProblem) {
    corpus::set_environment();
    const LoadResult result = load_file(GetParam().string());
    for (const Problem& problem : result.problems) ADD_FAILURE() << problem.to_string();
    EXPECT_NE(result.config, nullptr);
}

INSTANTIATE_TEST_SUITE_P(Corpus, ValidFile, testing::ValuesIn(corpus::files("valid")), test_name);

class InvalidFile : public testing::TestWithParam<fs::path> {};

TEST_P(InvalidFile, HasExactlyTheProblemsItAnnounces) {
    corpus::set_environment();
    const std::string text = corpus::read(GetParam());
    const LoadResult result = load_text(text, "f");
    std::vector<std::string> found;
    for (const Problem& problem : result.problems) found.push_back(problem.to_string().substr(2));
    EXPECT_THAT(found, testing::ElementsAreArray(expectations(text)));
    EXPECT_EQ(result.config, nullptr);
}

TEST_P(InvalidFile, ShowsNoSecret) {
    corpus::set_environment();
    for (const Problem& problem : load_text(corpus::read(GetParam()), "f").problems) {
        EXPECT_THAT(problem.message, testing::Not(testing::HasSubstr("hunter")));
        EXPECT_THAT(problem.message, testing::Not(testing::HasSubstr("ter2")));
        EXPECT_THAT(problem.message, testing::Not(testing::HasSubstr("horse")));
    }
}

INSTANTIATE_TEST_SUITE_P(Corpus, InvalidFile, testing::ValuesIn(corpus::files("invalid")),
                         test_name);

/// A few random edits: bytes changed, removed, doubled, and pieces of other files put in.
std::string mutate(std::string text, const std::string& other, std::mt19937& random) {
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random);
    };
    constexpr std::string_view spice = "{}[]:,*&!|>'\"#%@`-?\\\n\t $\x01\xC3~<";
    for (std::size_t edits = 1 + below(6); edits > 0 && !text.empty(); --edits) {
        const std::size_t at = below(text.size());
        switch (below(4)) {
            case 0:
                text[at] = spice[below(spice.size())];
                break;
            case 1:
                text.erase(at, 1 + below(8));
                break;
            case 2:
                text.insert(at, text.substr(below(text.size()), below(40)));
                break;
            default:
                text.insert(at, other.substr(below(other.size()), below(40)));
        }
    }
    return text;
}

TEST(MutatedCorpus, NeitherCrashesNorLoadsWithAProblem) {
    corpus::set_environment();
    std::vector<std::string> texts;
    for (const char* const folder : {"valid", "invalid"}) {
        for (const fs::path& path : corpus::files(folder)) texts.push_back(corpus::read(path));
    }
    std::mt19937 random{20'240'607};  // NOLINT(cert-msc51-cpp): the same files in each run
    for (int round = 0; round < 1'500; ++round) {
        const std::string text =
            mutate(texts[random() % texts.size()], texts[random() % texts.size()], random);
        const LoadResult result = load_text(text, "f");
        ASSERT_EQ(result.config == nullptr, !result.problems.empty()) << text;
        for (const Problem& problem : result.problems) {
            ASSERT_GE(problem.line, 1) << text;
            ASSERT_GE(problem.column, 1) << text;
        }
    }
}

}  // namespace
}  // namespace pgweir::conf
