#include "conf/access/userlist.hpp"

#include <algorithm>
#include <optional>

#include "conf/file/source_text.hpp"
#include "conf/file/wording.hpp"

namespace pgweir::conf {

namespace {

// PgBouncer's MAX_USERNAME and MAX_PASSWORD, with the ending zero byte.
constexpr std::size_t longest_name = 127;
constexpr std::size_t longest_secret = 2047;

// Takes a quoted string from the front of `line`. Nothing: it is not there, or does not end.
std::optional<std::string> take_quoted(std::string_view& line) {
    if (!line.starts_with('"')) return std::nullopt;
    std::string text;
    for (std::size_t i = 1; i < line.size(); ++i) {
        if (line[i] != '"') {
            text += line[i];
        } else if (i + 1 < line.size() && line[i + 1] == '"') {
            text += '"';
            ++i;
        } else {
            line.remove_prefix(i + 1);
            return text;
        }
    }
    return std::nullopt;
}

void skip_blanks(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
}

// One line that begins with a quote.
void read_line(std::string_view line, int number, Userlist& users, Reporter& reporter) {
    const std::string_view whole = line;
    const auto here = [&] {
        return Place{number, static_cast<int>(whole.size() - line.size()) + 1};
    };
    const auto user = take_quoted(line);
    if (!user) {
        reporter.add(here(), "the name of the user has no closing quote");
        return;
    }
    skip_blanks(line);
    const Place second = here();
    const auto secret = take_quoted(line);
    if (!secret) {
        reporter.add(second, "expected the secret of user " + in_quotes(*user) +
                                 " in double quotes, with a closing one");
    } else if (user->empty() || user->size() > longest_name) {
        reporter.add({number, 1},
                     "a name must have 1 to " + std::to_string(longest_name) + " characters");
    } else if (secret->size() > longest_secret) {
        reporter.add(second, "the secret of user " + in_quotes(*user) + " is longer than " +
                                 std::to_string(longest_secret) + " characters");
    } else if (!users.insert_or_assign(*user, *secret).second) {
        reporter.add({number, 1}, "user " + in_quotes(*user) + " comes twice");
    }
}

}  // namespace

Userlist parse_userlist(std::string_view text, Reporter& reporter) {
    Userlist users;
    if (const auto bad = find_bad_byte(text)) {
        reporter.add(SourceText{text}.place_of(bad->offset), bad->message);
        return users;
    }
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with('"')) {
            read_line(line, number, users, reporter);
            continue;
        }
        skip_blanks(line);
        // What is indented is no comment: it is a user who would silently be left out.
        if (line.starts_with('"')) {
            reporter.add({number, 1}, "a user must stand at the beginning of the line");
        }
    }
    return users;
}

}  // namespace pgweir::conf
