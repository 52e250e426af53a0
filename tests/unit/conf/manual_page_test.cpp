#include "conf/options/manual_page.hpp"

#include <gmock/gmock.h>

namespace pgweir::conf {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

ManualPage page() {
    return {"pgweir", 1, "9.9", "a pooler"};
}

TEST(ManualPage, BeginsWithWhatWhatisReads) {
    EXPECT_EQ(page().text(),
              ".TH \"PGWEIR\" 1 \"\" \"pgweir 9.9\"\n.SH NAME\npgweir \\- a pooler\n");
}

TEST(ManualPage, TextIsNeverACommand) {
    ManualPage some = page();
    some.paragraph(".so /etc/passwd\n'br\n`.x` and \\fI");
    EXPECT_THAT(some.text(),
                EndsWith(".PP\n\\&.so /etc/passwd\n\\&\\(aqbr\n\\fB.x\\fR and \\efI\n"));
}

// A hyphen that roff prints as another character could not be copied from the page to a shell.
TEST(ManualPage, CodeCanBeCopied) {
    ManualPage some = page();
    some.item("`--check`", "a well-known ~ and ^");
    EXPECT_THAT(some.text(), EndsWith(".TP\n\\fB\\-\\-check\\fR\na well-known \\(ti and \\(ha\n"));
}

TEST(ManualPage, ListingsKeepTheirLines) {
    ManualPage some = page();
    some.listing("a: 1\n\n  b: 2");
    EXPECT_THAT(some.text(), EndsWith(".nf\na: 1\n.sp\n  b: 2\n.fi\n.RE\n"));
}

TEST(ManualPage, MarkdownKeepsItsHeadingsParagraphsAndLists) {
    ManualPage some = page();
    some.markdown("\none\ntwo\n\n## More of it\n\n- a\n  b\n- `c`\n\nthree");
    EXPECT_THAT(some.text(),
                EndsWith("- a pooler\n.PP\none\ntwo\n.SH MORE OF IT\n.IP \\(bu 2\na\nb\n"
                         ".IP \\(bu 2\n\\fBc\\fR\n.PP\nthree\n"));
    EXPECT_THAT(some.text(), Not(HasSubstr("\n\n")));
}

}  // namespace
}  // namespace pgweir::conf
