#include "conf/pgbouncer/connect_string.hpp"

#include <algorithm>
#include <utility>

#include "conf/file/source_text.hpp"

namespace pgweir::conf::pgbouncer {
namespace {

class Parser {
  public:
    Parser(std::string_view text, Place start) : source_{text}, text_{text}, start_{start} {}

    ConnectString result;

    void parse() {
        for (skip_blanks(); at_ < text_.size(); skip_blanks()) {
            ConnectPair pair{.place = here()};
            pair.name = take_name();
            skip_blanks();
            if (pair.name.empty() || at_ == text_.size() || text_[at_] != '=') {
                fail(pair.place, "expected name=value; a value with spaces needs single quotes");
                return;
            }
            ++at_;
            skip_blanks();
            pair.value_place = here();
            if (!take_value(pair)) return;
            result.pairs.push_back(std::move(pair));
        }
    }

  private:
    [[nodiscard]] Place here() const {
        Place place = start_;
        place.column += source_.place_of(at_).column - 1;
        return place;
    }
    void fail(Place place, std::string message) {
        result.problem = PlacedMessage{place, std::move(message)};
    }
    void skip_blanks() { at_ = std::min(text_.find_first_not_of(' ', at_), text_.size()); }

    std::string take_name() {
        const std::size_t begin = at_;
        at_ = std::min(text_.find_first_of("= ", at_), text_.size());
        return std::string{text_.substr(begin, at_ - begin)};
    }

    /// False and a problem if there is none.
    bool take_value(ConnectPair& pair) {
        const bool quoted = text_.substr(at_).starts_with('\'');
        if (quoted && !take_quoted(pair)) return false;
        if (!quoted) {
            const std::size_t begin = at_;
            at_ = std::min(text_.find(' ', at_), text_.size());
            pair.value = text_.substr(begin, at_ - begin);
        }
        if (!pair.value.empty()) return true;
        fail(pair.value_place, "the value is empty: leave the name out instead");
        return false;
    }

    bool take_quoted(ConnectPair& pair) {
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] != '\'') {
                pair.value += text_[at_];
            } else if (text_.substr(at_ + 1).starts_with('\'')) {
                pair.value += text_[at_++];
            } else {
                ++at_;
                if (at_ == text_.size() || text_[at_] == ' ') return true;
                fail(here(), "expected a blank after the closing quote");
                return false;
            }
        }
        fail(pair.value_place, "a single quote is not closed");
        return false;
    }

    SourceText source_;
    std::string_view text_;
    Place start_;
    std::size_t at_ = 0;
};

}  // namespace

ConnectString parse_connect_string(std::string_view text, Place start) {
    Parser parser{text, start};
    parser.parse();
    return std::move(parser.result);
}

}  // namespace pgweir::conf::pgbouncer
