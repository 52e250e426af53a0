#include "protocol/sql/session_effects.hpp"

#include <algorithm>
#include <utility>

#include "protocol/sql/effect_words.hpp"
#include "protocol/sql/named_effects.hpp"

namespace pgweir::protocol {

namespace {

// What a name written as U&"\0073…" may be.
constexpr Effects hidden_effects = suspect_effects | Effect::sticky | Effect::reads_sequence;

// CREATE TEMP, SELECT … INTO TEMP, CREATE LOCAL TEMP, CREATE OR REPLACE TEMP
bool before_temp(Role role) {
    return role == Role::define || role == Role::into || role == Role::local ||
           role == Role::global || role == Role::replace;
}

// Statements that run no function, if only they begin one.
bool leaves_nothing(Role role) {
    return role == Role::begins_block || role == Role::ends || role == Role::plain ||
           role == Role::set;
}

}  // namespace

StatementLook::StatementLook(const NamedEffects* names, Text text)
    : names_(names), body_(text == Text::body), code_(body_) {}

void StatementLook::feed(std::string_view text) {
    text.remove_prefix(lead_in_.skip(text));
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        if (part_size_ == 0 && !in_word(*at)) {
            read_gap(*at++);
            continue;
        }
        const char* const begin = at;
        while (at != end && in_word(*at)) ++at;
        const std::string_view word(begin, static_cast<std::size_t>(at - begin));
        if (at == end || part_size_ > 0 || word.size() > part_.size()) {
            keep_part(word);
            if (at != end) end_part();
        } else if (is_plain(word)) {
            pass_word(Role::other);
            last_ = word.back();
        } else {
            read_word(word);
            last_ = word.back();
        }
    }
}

Effects StatementLook::finish() {
    if (part_size_ > 0) end_part();
    if (names_ != nullptr && (runs_ || (body_ && lead_in_.ended()))) {
        found_ |= names_->of_any_statement();
    }
    return found_;
}

// Keeps no more of a word than tells it apart, and of a number before it and of its exponent one
// digit each: what is found must not depend on where a feed ended.
void StatementLook::keep_part(std::string_view part) {
    for (const char c : part) {
        last_ = c;
        const std::string_view kept(part_.data(), part_size_);
        const bool of_number =
            is_digit(c) && !kept.empty() && is_digit(kept.back()) && without_number(kept).empty();
        if (part_size_ < part_.size() && !of_number) part_[part_size_++] = c;
    }
}

void StatementLook::end_part() {
    const std::size_t size = std::exchange(part_size_, 0);
    read_word({part_.data(), size});
}

// Whether no more than its end is of interest.
bool StatementLook::is_plain(std::string_view word) const {
    if (start_ != Start::none || pending_ != Pending::none) return false;
    if (is_digit(word.front())) return without_number(word).empty();
    const char second = word.size() > 1 ? word[1] : ' ';
    return !effect_word_filter.may_hold(word.front(), second, word.size()) &&
           (names_ == nullptr || !names_->may_find(word.front(), second, word.size()));
}

void StatementLook::pass_word(Role role) {
    previous_ = role;
    last_visible_ = 'w';
}

void StatementLook::read_gap(char c) {
    if (c == ' ') {
        last_ = ' ';
    } else if (character(c) == Character::quiet && pending_ == Pending::none && !code_) {
        last_ = last_visible_ = c;
    } else {
        read_mark(c);
    }
}

// Reads what is neither of a word nor without meaning.
void StatementLook::read_mark(char c) {
    if (is_space(c)) {
        if (line_comment_ && is_line_end(c)) {
            line_comment_ = false;
            comment_ends();
        }
        last_ = ' ';
        return;
    }
    if (pending_ != Pending::none) decide_by_gap(c);
    switch (c) {
        case ';':
            seen_.several = true;
            start_ = Start::sure;
            seen_.update = false;
            do_ = do_ && do_comment_;
            break;
        case '-':
            if (last_ != '-') break;
            line_comment_ = true;
            comment_opens();
            break;
        case '*':
            if (last_ == '/') comment_opens();
            break;
        case '/':
            if (last_ == '*') comment_ends();
            break;
        case '&':
            unicode_ = lower(last_) == 'u';
            break;
        case '"':
            if (last_ == '&' && unicode_) found_ |= hidden_effects;
            break;
        case '\'':
        case '$':
            if (do_) act_on_code(c);
            break;
        default:
            break;
    }
    if (code_ && start_ == Start::none) start_ = Start::punctuation;
    last_ = last_visible_ = c;
}

void StatementLook::comment_opens() {
    seen_.makes_comment = seen_.makes_comment || seen_.makes;
    seen_.with_comment = seen_.with_comment || seen_.with;
    const bool defines = previous_ == Role::define || previous_ == Role::drop;
    seen_.defines_comment = seen_.defines_comment || (defines && previous_begins_);
    do_comment_ = do_comment_ || do_;
}

void StatementLook::comment_ends() {
    start_ = Start::sure;
    seen_.update = false;
    seen_.several = true;  // the SET that follows may be an UPDATE's
}

void StatementLook::decide_by_gap(char c) {
    const bool comment = c == '-' || c == '/';
    switch (std::exchange(pending_, Pending::none)) {
        case Pending::set:
            found_ |= Effect::state;
            seen_.set_comment = seen_.set_comment || comment;
            break;
        case Pending::set_local:
            // `SET local.x = 1` sets a parameter of that name, and a comment may hide the dot.
            if (c != '"') found_ |= Effect::state;
            break;
        case Pending::run:
            run_code();
            break;
        case Pending::load:
            if (c == '\'' && load_in_string_ && last_ != ' ') {
                pending_ = Pending::load_quote;  // the string 'load', or the start of a LOAD in one
            } else if (c == '\'' || c == '$' || (comment && !load_in_string_)) {
                found_ |= Effect::sticky;
            }
            break;
        case Pending::load_quote:
            if (c == '\'') found_ |= Effect::sticky;
            break;
        case Pending::prepare:
            if (comment) found_ |= Effect::ends_transaction;
            break;
        case Pending::none:
            break;
    }
}

void StatementLook::read_word(std::string_view word) {
    word = without_number(word).substr(0, longest_word);
    const EffectWord* entry = nullptr;
    if (!word.empty()) {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): written before it is read
        std::array<char, longest_word> buffer;
        std::ranges::transform(word, buffer.begin(), lower);
        const std::string_view lowered(buffer.data(), word.size());
        entry = find_effect_word(lowered);
        if (names_ != nullptr) found_ |= names_->find(lowered);
    }
    const Role role = entry == nullptr ? Role::other : entry->role;
    if (pending_ != Pending::none) decide_by_word(role);
    if (!body_ && start_ == Start::sure && !leaves_nothing(role)) {
        runs_ = true;
        if (names_ == nullptr) found_ |= Effect::state | Effect::runs_unseen;
    }
    if (entry != nullptr) {
        found_ |= entry->anywhere;
        if (start_ != Start::none) act_on_start(role);
        act_on_any(role);
        previous_begins_ = start_ != Start::none;
    }
    const bool opens = role == Role::opens_statements || role == Role::begins_block;
    start_ = code_ && opens ? Start::sure : Start::none;
    first_ = false;
    pass_word(role);
}

void StatementLook::decide_by_word(Role role) {
    switch (std::exchange(pending_, Pending::none)) {
        case Pending::set:
            if (role == Role::local || role == Role::transaction || role == Role::constraints) {
                if (role == Role::local) found_ |= Effect::alters_reading;
                pending_ = Pending::set_local;
            } else {
                found_ |= Effect::state;
            }
            break;
        case Pending::run:
            if (role == Role::update || role == Role::nothing) break;  // ON CONFLICT DO UPDATE
            run_code();
            break;
        case Pending::load:
            if (role == Role::escape) found_ |= Effect::sticky;
            break;
        case Pending::prepare:
            if (role == Role::transaction) found_ |= Effect::ends_transaction;
            break;
        case Pending::set_local:
        case Pending::load_quote:
        case Pending::none:
            break;
    }
}

// The string of DO begins, unless this quote stands in a comment before it. In a string with
// escapes words are not what they are.
void StatementLook::act_on_code(char quote) {
    const bool is_escaped =
        last_ == '&' ? unicode_ : previous_ == Role::escape && lower(last_) == 'e';
    if (quote == '\'' && is_escaped) found_ |= hidden_effects;
    do_ = do_comment_;
}

void StatementLook::run_code() {
    code_ = true;
    do_ = true;
    found_ |= Effect::state;
}

void StatementLook::act_on_start(Role role) {
    switch (role) {
        case Role::set:
            if (start_ == Start::punctuation && seen_.update) break;  // UPDATE "t" SET
            pending_ = Pending::set;
            seen_.set = true;
            break;
        case Role::reset:
            found_ |= Effect::state | Effect::reset;
            break;
        case Role::listen:
            found_ |= Effect::state | Effect::listens;
            break;
        case Role::discard:
            found_ |= Effect::state | Effect::reset | Effect::listens;
            break;
        case Role::prepare:
            found_ |= Effect::state;
            if (!body_) found_ |= Effect::names_statement;
            if (first_ && !body_) pending_ = Pending::prepare;
            break;
        case Role::load:
            pending_ = Pending::load;
            load_in_string_ = start_ == Start::punctuation;
            break;
        case Role::run:
            pending_ = Pending::run;
            break;
        case Role::call:
            found_ |= Effect::state;
            break;
        case Role::define:
            seen_.define = true;
            [[fallthrough]];
        case Role::drop:
            found_ |= Effect::alters_reading;
            if (body_) found_ |= Effect::state;  // of a statement the tag tells
            break;
        case Role::ends:
            if (first_ && !body_) found_ |= Effect::ends_transaction;
            break;
        default:
            break;
    }
}

void StatementLook::act_on_any(Role role) {
    switch (role) {
        case Role::execute:
            act_on_execute();
            break;
        case Role::kind:
            if (seen_.define) found_ |= Effect::state | Effect::changes_catalogue;
            break;
        case Role::database:
            if (seen_.defines_comment ||
                (previous_begins_ && (previous_ == Role::define || previous_ == Role::drop))) {
                found_ |= Effect::empties_database;
            }
            break;
        case Role::resets:
            if (seen_.set) found_ |= Effect::reset;
            break;
        case Role::default_value:
            if (seen_.set) found_ |= Effect::reset;
            if (!seen_.set || code_ || body_ || seen_.several) found_ |= Effect::advances_sequence;
            break;
        case Role::local:
            if (seen_.set && seen_.zone) found_ |= Effect::reset;  // SET TIME ZONE LOCAL
            if (seen_.set_comment) found_ |= Effect::alters_reading;
            break;
        case Role::seed:
            if (seen_.set || seen_.set_config) found_ |= Effect::sticky;
            break;
        case Role::set_config:
            seen_.set_config = true;
            break;
        case Role::runs_text:
            code_ = true;
            break;
        case Role::temp:
            if (seen_.makes_comment || before_temp(previous_)) found_ |= Effect::state;
            if (before_temp(previous_)) seen_.define = false;
            break;
        case Role::hold:
            if (seen_.with_comment || previous_ == Role::with) found_ |= Effect::state;
            break;
        case Role::into:
            act_on_into();
            break;
        default:
            break;
    }
    seen_.makes = seen_.makes || role == Role::define || role == Role::into;
    seen_.with = seen_.with || role == Role::with;
    seen_.select = seen_.select || role == Role::select;
    seen_.zone = seen_.zone || role == Role::zone;
    seen_.update = seen_.update || role == Role::update;
}

void StatementLook::act_on_execute() {
    if (code_) {
        found_ |= suspect_effects;
        const bool in_string =
            last_visible_ == '\'' || last_visible_ == '"' || last_visible_ == '$';
        if (in_string) found_ |= Effect::names_statement;
    }
    if (body_) return;
    // EXPLAIN (ANALYZE) EXECUTE, EXPLAIN VERBOSE EXECUTE, CREATE TABLE x AS EXECUTE
    if (start_ == Start::sure || last_visible_ == ')' || previous_ == Role::before_execute) {
        found_ |= Effect::names_statement;
    }
}

// SELECT … INTO a table, which is a temporary one where search_path begins with pg_temp. In
// PL/pgSQL it is an assignment.
void StatementLook::act_on_into() {
    const bool of_other = previous_ == Role::insert || previous_ == Role::merge;
    if (seen_.select && !of_other && !body_) found_ |= Effect::state;
}

Effects look_at(std::string_view sql, const NamedEffects* names) {
    StatementLook look(names);
    look.feed(sql);
    return look.finish();
}

}  // namespace pgweir::protocol
