#include "protocol/sql/pin_forecast.hpp"

#include <string>
#include <utility>

#include "protocol/sql/sql_reader.hpp"
#include "protocol/sql/sql_values.hpp"
#include "protocol/sql/sql_words.hpp"

namespace pgweir::protocol {

namespace {

// What the words of a text say, taken one after another.
class Signs {
  public:
    void take_word(std::string_view word) {
        if (count_ == 0) first_ = word;
        if (count_ == 1) prepares_transaction_ = first_ == "prepare" && word == "transaction";
        drops_ = drops_ || (before_ == "on" && previous_ == "commit" && word == "drop");
        take_word_of_string(word);
    }
    // What may run later takes nothing back.
    void take_word_of_string(std::string_view word) {
        const bool temporary = word == "temp" || word == "temporary";
        temporary_ = temporary_ || temporary;
        creates_ = creates_ || (temporary && previous_ == "into");
        holds_ = holds_ || (previous_ == "with" && word == "hold");
        note_name(word);
        pass(word);
    }
    // Names in quotes are no key words.
    void take_quoted(std::string_view name) {
        note_name(name);
        pass({});
    }

    [[nodiscard]] bool temporary_object() const {
        return temporary_ && (creates_ || first_ == "create") && !drops_;
    }
    [[nodiscard]] bool session_lock() const { return locks_; }
    [[nodiscard]] bool cursor_with_hold() const { return holds_; }
    [[nodiscard]] bool statement() const { return first_ == "prepare" && !prepares_transaction_; }

  private:
    void note_name(std::string_view name) {
        temporary_ = temporary_ || name == "pg_temp";
        locks_ = locks_ || name.starts_with("pg_advisory_lock") ||
                 name.starts_with("pg_try_advisory_lock");
    }
    void pass(std::string_view word) {
        before_ = std::exchange(previous_, word);
        ++count_;
    }

    std::size_t count_ = 0;
    std::string first_;
    std::string before_;  // the word before the previous one
    std::string previous_;
    bool temporary_ = false;  // TEMP, TEMPORARY, pg_temp
    bool creates_ = false;    // INTO TEMP
    bool drops_ = false;      // ON COMMIT DROP
    bool locks_ = false;
    bool holds_ = false;
    bool prepares_transaction_ = false;
};

// Strings count where they may be run.
Signs signs_of(std::string_view sql, Effects effects) {
    Signs signs;
    std::string buffer;
    SqlReader reader(sql);
    reader.skip_empty_statements();
    const bool runs_strings = effects.contains(Effect::runs_unseen) || reader.ahead().is_word("do");
    while (!reader.ahead().at_end()) {
        const Token token = reader.take();
        if (token.kind == TokenKind::identifier) {
            signs.take_word(name_of(token).value_or(""));
        } else if (token.is_quoted_identifier()) {
            signs.take_quoted(name_of(token).value_or(""));
        } else if (token.is_open() || (runs_strings && token.is_string())) {
            for_each_word(token.text, buffer,
                          [&](std::string_view word) { signs.take_word_of_string(word); });
        }
    }
    return signs;
}

}  // namespace

std::string_view forecast_pin(std::string_view sql, Effects effects) {
    if (effects.contains(Effect::sticky)) return "what ends only with its session";
    if (effects.contains(Effect::reads_sequence)) return "the session's value of a sequence";
    if (!effects.contains(Effect::state)) return {};
    const Signs signs = signs_of(sql, effects);
    if (signs.temporary_object()) return "a temporary object";
    if (signs.session_lock()) return "a session-level advisory lock";
    if (signs.cursor_with_hold()) return "a cursor WITH HOLD";
    if (signs.statement()) return "a statement prepared by SQL";
    return {};
}

}  // namespace pgweir::protocol
