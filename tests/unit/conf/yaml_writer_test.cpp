#include "conf/file/yaml_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgweir::conf {
namespace {

/// What is read from `yaml`, written again.
std::string rewritten(std::string_view yaml) {
    const YamlTree tree = parse_yaml(yaml);
    EXPECT_TRUE(tree.problems.empty());
    return write_yaml(*tree.root);
}

TEST(WriteYaml, GivesBlocks) {
    EXPECT_EQ(rewritten("{a: {b: 1, c: [x, y z]}, d: {}, e: [], f: }"),
              "a:\n  b: 1\n  c:\n    - x\n    - \"y z\"\nd: {}\ne: []\nf:\n");
}

TEST(WriteYaml, PutsIntoQuotesWhatIsNotPlainlyAWord) {
    for (const char* const plain :
         {"a", "127", "0", "30s", "500ms", "true", "/run/a-b.c", "a_b-1.c"}) {
        EXPECT_EQ(rewritten("k: \"" + std::string{plain} + '"'), "k: " + std::string{plain} + '\n');
    }
    for (const char* const quoted : {"", "*", "127.0.0.1", "::1", "007", "1e3", "0x1f", "yes",
                                     "Null", "~", "a b", "a: b", "#a", "- a", "$x", "a,b"}) {
        EXPECT_EQ(rewritten("k: \"" + std::string{quoted} + '"'),
                  "k: \"" + std::string{quoted} + "\"\n");
    }
}

TEST(WriteYaml, EscapesWhatQuotesDoNotHold) {
    EXPECT_EQ(rewritten(R"(k: "a\"b\\c\x01\n\xE4")"), "k: \"a\\\"b\\\\c\\x01\\x0a\xC3\xA4\"\n");
}

TEST(WriteYaml, IsReadBackAsTheSame) {
    const std::string once = rewritten(R"({"a\x01: #": ["\\\"", {b: "\x7F"}, [c, [d]]], "": "~"})");
    EXPECT_EQ(rewritten(once), once);
}

}  // namespace
}  // namespace pgweir::conf
