// The words of pg_hba.conf and pg_ident.conf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/file/reporter.hpp"
#include "conf/problem.hpp"

namespace pgweir::conf {

/// One word. Quotes take away the special meaning of `all`, `@`, `+` and the like, but not that of
/// `/`, which begins a regular expression all the same.
struct HbaToken {
    std::string text;
    bool quoted = false;
    Place place;

    [[nodiscard]] bool is(std::string_view keyword) const { return !quoted && text == keyword; }
};

/// Words with commas between them.
using HbaField = std::vector<HbaToken>;

/// One entry, which may go on over several lines of the file.
struct HbaLine {
    std::vector<HbaField> fields;  ///< at least one; none is empty
    int number = 0;                ///< of its first line
    std::string text;              ///< as it stands in the file, without comment
};

/// Takes the text of such a file apart, as PostgreSQL's tokenize_auth_file() does: white space
/// separates fields, commas the words of one; `""` inside of quotes is one quote; `#` begins a
/// comment; a backslash at the end of a line goes on with the next.
///
/// PostgreSQL manual, "The pg_hba.conf File".
[[nodiscard]] std::vector<HbaLine> tokenize_hba(std::string_view text, Reporter& reporter);

}  // namespace pgweir::conf
