#include "conf/access/hba_tokens.hpp"

#include <algorithm>
#include <optional>

#include "conf/file/source_text.hpp"

namespace pgweir::conf {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

// A logical line: its characters with the places they come from.
struct Characters {
    std::string text;
    std::vector<Place> places;
    int number = 0;
};

// Takes a logical line from the front of `rest`, without its line breaks.
Characters take_line(std::string_view& rest, int& number) {
    Characters line{.number = number};
    while (true) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view part = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (part.ends_with('\r')) part.remove_suffix(1);
        const bool goes_on = part.ends_with('\\');
        if (goes_on) part.remove_suffix(1);
        for (std::size_t i = 0; i < part.size(); ++i) {
            line.places.push_back({number, static_cast<int>(i) + 1});
        }
        line.text += part;
        ++number;
        if (!goes_on || rest.empty()) return line;
    }
}

// Takes the words of one line.
class LineReader {
  public:
    LineReader(const Characters& line, Reporter& reporter) : line_{line}, reporter_{reporter} {}

    HbaLine read() {
        HbaLine result{.number = line_.number};
        while (true) {
            while (at_ < size() && is_blank(line_.text[at_])) ++at_;
            if (at_ == size() || line_.text[at_] == '#') break;
            HbaField field = read_field();
            if (!field.empty()) result.fields.push_back(std::move(field));
        }
        result.text = line_.text.substr(0, at_);
        while (!result.text.empty() && is_blank(result.text.back())) result.text.pop_back();
        return result;
    }

  private:
    [[nodiscard]] std::size_t size() const { return line_.text.size(); }

    HbaField read_field() {
        HbaField field;
        while (true) {
            while (at_ < size() && (is_blank(line_.text[at_]) || line_.text[at_] == ',')) ++at_;
            if (at_ == size() || line_.text[at_] == '#') return field;
            bool comma = false;
            field.push_back(read_word(comma));
            if (!comma) return field;
        }
    }

    HbaToken read_word(bool& comma) {
        HbaToken token{.place = line_.places[at_]};
        bool inside = false;
        for (; at_ < size(); ++at_) {
            const char c = line_.text[at_];
            if (c == '"') {
                const bool doubled = inside && at_ + 1 < size() && line_.text[at_ + 1] == '"';
                if (doubled) {
                    token.text += '"';
                    ++at_;
                } else {
                    token.quoted = true;
                    inside = !inside;
                }
                continue;
            }
            if (!inside && (is_blank(c) || c == '#')) break;
            if (!inside && c == ',') {
                comma = true;
                ++at_;
                break;
            }
            token.text += c;
        }
        if (inside) reporter_.add(token.place, "a quote is not closed");
        return token;
    }

    const Characters& line_;
    Reporter& reporter_;
    std::size_t at_ = 0;
};

}  // namespace

std::vector<HbaLine> tokenize_hba(std::string_view text, Reporter& reporter) {
    std::vector<HbaLine> lines;
    if (const auto bad = find_bad_byte(text)) {
        reporter.add(SourceText{text}.place_of(bad->offset), bad->message);
        return lines;
    }
    int number = 1;
    while (!text.empty()) {
        const Characters characters = take_line(text, number);
        HbaLine line = LineReader{characters, reporter}.read();
        if (!line.fields.empty()) lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace pgweir::conf
