#include "conf/pgbouncer/ini_reader.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "conf/file/bounded_file.hpp"
#include "conf/file/source_text.hpp"
#include "conf/file/wording.hpp"

namespace pgweir::conf::pgbouncer {
namespace {

/// PgBouncer's MAX_INCLUDE.
constexpr int deepest_include = 10;
/// Two lines that include their own file would otherwise be a thousand files.
constexpr std::size_t most_files = 256;
constexpr std::size_t max_problems = 1'000;
constexpr std::string_view include_word = "%include";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '*';
}

/// A part of a text, and where it begins.
struct Piece {
    std::string text;
    std::size_t at = 0;
};

class IniReader {
  public:
    explicit IniReader(const ReadFile& read) : read_{read} {}

    Ini ini;

    /// `place` is that of the line that includes it.
    void read_file(const std::string& path, Place place, int depth) {
        if (depth > deepest_include || ini.files.size() == most_files) {
            problem(place, "too many files are included: at most " + std::to_string(most_files) +
                               ", and " + std::to_string(deepest_include) + " deep");
            return;
        }
        const Result<std::string> text = read_(path);
        if (depth == 0) ini.files.push_back(path);
        if (!text) {
            problem(place, depth == 0
                               ? "cannot read the file: " + text.error().message
                               : "cannot read " + in_quotes(path) + ": " + text.error().message);
            return;
        }
        if (depth > 0) ini.files.push_back(path);
        FileScanner{*this, *text, static_cast<int>(ini.files.size()) - 1, depth}.scan();
    }

  private:
    void problem(Place place, std::string message) {
        if (ini.problems.size() < max_problems) ini.problems.push_back({place, std::move(message)});
    }

    /// Reads the lines of one file.
    class FileScanner {
      public:
        FileScanner(IniReader& reader, std::string_view text, int file, int depth)
            : reader_{reader}, source_{text}, text_{text}, file_{file}, depth_{depth} {}

        void scan() {
            if (const std::size_t zero = text_.find('\0'); zero != std::string_view::npos) {
                reader_.problem(place(zero), "the file holds a zero byte: it is not a text file");
                return;
            }
            if (text_.starts_with(byte_order_mark)) at_ = byte_order_mark.size();
            for (skip(is_space); at_ < text_.size(); skip(is_space)) {
                const char first = text_[at_];
                const std::string_view rest = text_.substr(at_);
                if (rest.starts_with(include_word) && rest.size() > include_word.size() &&
                    is_blank(rest[include_word.size()])) {
                    include();
                } else if (first == ';' || first == '#') {
                    skip_line();
                } else if (first == '[') {
                    section();
                } else {
                    setting();
                }
            }
        }

      private:
        [[nodiscard]] Place place(std::size_t offset) const {
            Place place = source_.place_of(offset);
            place.file = file_;
            return place;
        }
        template <class Predicate>
        void skip(Predicate is_skipped) {
            while (at_ < text_.size() && is_skipped(text_[at_])) ++at_;
        }
        void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size()); }

        /// The rest of the line without the blanks around it.
        Piece take_rest() {
            skip(is_blank);
            const std::size_t begin = at_;
            skip_line();
            std::string_view rest = text_.substr(begin, at_ - begin);
            while (!rest.empty() && is_space(rest.back())) rest.remove_suffix(1);
            return {std::string{rest}, begin};
        }

        void include() {
            const std::size_t begin = at_;
            at_ += include_word.size();
            const Piece name = take_rest();
            if (is_text(name)) reader_.read_file(name.text, place(begin), depth_ + 1);
        }

        void section() {
            const std::size_t begin = at_++;
            const std::size_t end = std::min(text_.find_first_of("]\n", at_), text_.size());
            if (end == text_.size() || text_[end] != ']') {
                reader_.problem(place(begin), R"("[" has no "]" on its line)");
                skip_line();
                return;
            }
            const Piece name{std::string{text_.substr(at_, end - at_)}, at_};
            // As in PgBouncer, what follows on the line is read as if it stood on its own.
            at_ = end + 1;
            if (is_text(name)) reader_.ini.sections.push_back({name.text, place(begin), {}});
        }

        void setting() {
            const std::size_t begin = at_;
            const std::optional<Piece> name =
                text_[at_] == '"' ? take_quoted() : std::optional{take_name()};
            skip(is_blank);
            if (!name || name->text.empty() || at_ == text_.size() || text_[at_] != '=') {
                reader_.problem(place(begin), "expected a line such as name = value");
                skip_line();
                return;
            }
            ++at_;
            Piece value = take_rest();
            if (!is_text(*name) || !is_text(value)) return;
            if (reader_.ini.sections.empty()) {
                reader_.problem(place(begin),
                                name_in_quotes(name->text) + " stands before any [section]");
                return;
            }
            reader_.ini.sections.back().settings.push_back(
                {name->text, place(name->at), std::move(value.text), place(value.at)});
        }

        Piece take_name() {
            const std::size_t begin = at_;
            skip(is_name_character);
            return {std::string{text_.substr(begin, at_ - begin)}, begin};
        }

        /// An identifier in double quotes, with `""` for one. Nothing: it does not end.
        std::optional<Piece> take_quoted() {
            Piece piece{{}, at_++};
            for (; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
                if (text_[at_] == '"' && !text_.substr(at_ + 1).starts_with('"')) {
                    ++at_;
                    return piece;
                }
                if (text_[at_] == '"') ++at_;
                piece.text += text_[at_];
            }
            return std::nullopt;
        }

        bool is_text(const Piece& piece) {
            const auto bad = find_bad_byte(piece.text);
            if (bad) reader_.problem(place(piece.at + bad->offset), bad->message);
            return !bad;
        }

        IniReader& reader_;
        SourceText source_;
        std::string_view text_;
        int file_;
        int depth_;
        std::size_t at_ = 0;
    };

    const ReadFile& read_;
};

}  // namespace

Ini read_ini(const std::string& path, const ReadFile& read) {
    IniReader reader{read};
    reader.read_file(path, {}, 0);
    return std::move(reader.ini);
}

Ini read_ini(const std::string& path) {
    return read_ini(path,
                    [](const std::string& name) { return read_bounded_file(name, longest_file); });
}

}  // namespace pgweir::conf::pgbouncer
