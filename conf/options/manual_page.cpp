#include "conf/options/manual_page.hpp"

#include <algorithm>
#include <cctype>

namespace pgweir::conf {
namespace {

/// A character of a text, so that roff neither takes it for a command nor prints another one.
std::string escaped(char c, bool code) {
    switch (c) {
        case '\\':
            return "\\e";
        case '-':
            return code ? "\\-" : "-";
        case '\'':
            return "\\(aq";
        case '^':
            return "\\(ha";
        case '~':
            return "\\(ti";
        default:
            return {c};
    }
}

/// `text` as the lines of a page: `code` in bold, and no line that begins like a command.
std::string in_roff(std::string_view text) {
    std::string lines;
    bool code = false;
    for (const char c : text) {
        const bool begins = lines.empty() || lines.back() == '\n';
        if (c == '`') {
            code = !code;
            lines += code ? "\\fB" : "\\fR";
            continue;
        }
        if (begins && (c == '.' || c == '\'')) lines += "\\&";
        lines += escaped(c, code);
    }
    return lines + '\n';
}

std::string in_capitals(std::string_view text) {
    std::string capitals{text};
    std::ranges::transform(capitals, capitals.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return capitals;
}

/// The first line of `text`, which loses it.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

}  // namespace

ManualPage::ManualPage(std::string_view name, int section, std::string_view version,
                       std::string_view sentence) {
    text_ = ".TH \"" + in_capitals(name) + "\" " + std::to_string(section) + " \"\" \"pgweir " +
            std::string{version} + "\"\n";
    heading("name");
    text_ += std::string{name} + " \\- " + in_roff(sentence);
}

void ManualPage::heading(std::string_view text) {
    text_ += ".SH " + in_capitals(text) + '\n';
}

void ManualPage::paragraph(std::string_view text) {
    text_ += ".PP\n" + in_roff(text);
}

void ManualPage::item(std::string_view tag, std::string_view text) {
    text_ += ".TP\n" + in_roff(tag) + in_roff(text);
}

void ManualPage::listing(std::string_view text) {
    text_ += ".PP\n.RS 4\n.nf\n";
    while (!text.empty()) {
        std::string line = in_roff(take_line(text));
        text_ += line == "\n" ? ".sp\n" : line;
    }
    text_ += ".fi\n.RE\n";
}

void ManualPage::bullet(std::string_view text) {
    text_ += ".IP \\(bu 2\n" + in_roff(text);
}

void ManualPage::markdown(std::string_view text) {
    std::string pending;
    bool is_bullet = false;
    const auto finish = [&] {
        if (!pending.empty()) is_bullet ? bullet(pending) : paragraph(pending);
        pending.clear();
    };
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        if (line.starts_with("## ")) {
            finish();
            heading(line.substr(3));
        } else if (line.empty() || line.starts_with("- ")) {
            finish();
            is_bullet = !line.empty();
            pending = is_bullet ? line.substr(2) : line;
        } else {
            if (!pending.empty()) pending += '\n';
            pending += line.substr(std::min(line.find_first_not_of(' '), line.size()));
        }
    }
    finish();
}

}  // namespace pgweir::conf
