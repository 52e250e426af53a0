// What running a statement may leave behind in its session, as far as its text and its tag tell.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/sql/lead_in.hpp"

namespace pgweir::protocol {

class NamedEffects;
enum class Role : std::uint8_t;

/// The longest word that is told apart; PostgreSQL cuts longer identifiers (NAMEDATALEN - 1).
inline constexpr std::size_t longest_word = 63;

/// One thing that a statement may leave behind, or that pgweir must know before it runs.
enum class Effect : std::uint16_t {
    /// What the server can be asked about may change: settings, role, temporary objects, session
    /// advisory locks, holdable cursors, channels, statements prepared by SQL.
    state = 1U << 0U,
    /// Settings may go back to what they were at login: RESET, DISCARD ALL, SET … TO DEFAULT,
    /// set_config(…, NULL, …).
    reset = 1U << 1U,
    /// Leaves something that no question shows, until the session ends: LOAD, setseed, a dblink
    /// connection, a replication origin, a base backup, …
    sticky = 1U << 2U,
    reads_sequence = 1U << 3U,     ///< currval, lastval
    advances_sequence = 1U << 4U,  ///< nextval, setval, INSERT, MERGE, COPY, DEFAULT
    listens = 1U << 5U,            ///< changes or reads the channels that the session listens to
    /// PREPARE, EXECUTE, DEALLOCATE: may name a statement that was prepared by the protocol.
    names_statement = 1U << 6U,
    /// The text begins with COMMIT, ROLLBACK (TO as well), END, ABORT or PREPARE TRANSACTION.
    ends_transaction = 1U << 7U,
    /// Functions, views, triggers or tables change: NamedEffects must be made anew.
    changes_catalogue = 1U << 8U,
    /// DROP, ALTER and CREATE DATABASE: nobody else may be in the database (or in the template).
    empties_database = 1U << 9U,
    /// What texts mean may be otherwise for the rest of the transaction, and for it alone: SET
    /// LOCAL, and what creates, changes or drops something.
    alters_reading = 1U << 10U,
    /// Sets something whose name the text does not tell, by set_config().
    sets_unseen = 1U << 11U,
    /// Runs code that cannot be read, which may set anything.
    runs_unseen = 1U << 12U,
};

/// A set of Effect.
class Effects {
  public:
    constexpr Effects() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): one effect is a set of effects
    constexpr Effects(Effect effect) : bits_(static_cast<std::uint16_t>(effect)) {}

    [[nodiscard]] constexpr bool contains(Effect effect) const {
        return (bits_ & static_cast<std::uint16_t>(effect)) != 0;
    }
    [[nodiscard]] constexpr bool any() const { return bits_ != 0; }
    [[nodiscard]] constexpr Effects only(Effects others) const {
        Effects common;
        common.bits_ = static_cast<std::uint16_t>(bits_ & others.bits_);
        return common;
    }
    [[nodiscard]] constexpr Effects without(Effects others) const {
        Effects rest;
        rest.bits_ = static_cast<std::uint16_t>(bits_ & ~others.bits_);
        return rest;
    }
    constexpr Effects& operator|=(Effects others) {
        bits_ = static_cast<std::uint16_t>(bits_ | others.bits_);
        return *this;
    }
    friend constexpr Effects operator|(Effects a, Effects b) { return a |= b; }
    friend constexpr bool operator==(Effects, Effects) = default;

  private:
    std::uint16_t bits_ = 0;
};
[[nodiscard]] constexpr Effects operator|(Effect a, Effect b) {
    return Effects(a) | b;
}

/// What code that cannot be read may do: SQL made at run time, a function whose source is unknown.
/// Not `sticky`, `reads_sequence` or `changes_catalogue`, which would pin the users of every
/// function with a dynamic query, or make NamedEffects anew at each of its calls: those come only
/// from words in plain sight, inside strings too.
inline constexpr Effects suspect_effects = Effect::state | Effect::reset | Effect::listens |
                                           Effect::advances_sequence | Effect::runs_unseen;

/// Looks once at the text of a statement, or of several. It never misses an effect but may see one
/// that is not there: words count also inside strings, dollar quotes and comments, where dynamic
/// SQL hides. A word is a longest run of [A-Za-z0-9_] and bytes from 0x80 on, without leading
/// digits (up to 14 PostgreSQL reads `SELECT 1INTO t`), in any case; `$` parts words.
///
/// A statement's first word (SET, RESET, LISTEN, PREPARE, DO, …) counts at the start of the text
/// and after `;` or a comment; in code that PostgreSQL runs from a string (once a DO was seen, or
/// in `Text::body`) also after any punctuation and after BEGIN, THEN, ELSE, LOOP.
///
/// SET LOCAL, SET TRANSACTION and SET CONSTRAINTS are clean here though their tag is the same SET:
/// who has looked at the text of all that ran may leave the tag SET out of account. Likewise CREATE
/// TEMP, and DROP, which can only make NamedEffects suspect too much, are no `changes_catalogue`
/// here.
///
/// Allocates nothing. Not thread-safe; use one object for one text.
class StatementLook {
  public:
    enum class Text : std::uint8_t {
        statement,  ///< what a client sends
        body,       ///< code or an expression of the catalogue: each EXECUTE is a dynamic query
    };

    /// `names` must outlive the object. Null: nothing is known of the database's functions, so
    /// every statement but those that only begin, end, set or show something has Effect::state.
    /// What any statement may do by an operator or a cast, those do not either.
    explicit StatementLook(const NamedEffects* names, Text text = Text::statement);

    /// The next part of the text, split anywhere.
    void feed(std::string_view text);

    /// The text has ended.
    [[nodiscard]] Effects finish();

  private:
    /// Whether the next word may be the first of a statement.
    enum class Start : std::uint8_t {
        none,
        punctuation,  ///< in code: after something that is neither a word nor white space
        sure,
    };
    /// A word that what follows decides.
    enum class Pending : std::uint8_t { none, set, set_local, run, load, load_quote, prepare };

    /// What the text has had so far.
    struct Seen {
        bool update = false;           ///< UPDATE, whose SET is to come
        bool set = false;              ///< a SET statement
        bool set_comment = false;      ///< and a comment behind SET
        bool several = false;          ///< statements, perhaps
        bool set_config = false;       ///< the function
        bool zone = false;             ///< ZONE, as in TIME ZONE
        bool select = false;           ///< SELECT
        bool define = false;           ///< CREATE or ALTER began a statement, and no TEMP came
        bool defines_comment = false;  ///< a comment came behind CREATE, ALTER or DROP
        bool makes = false;            ///< CREATE or INTO, after which TEMP may come
        bool makes_comment = false;    ///< and a comment after it
        bool with = false;             ///< WITH, after which HOLD may come
        bool with_comment = false;     ///< and a comment after it
    };

    void keep_part(std::string_view part);
    void end_part();
    [[nodiscard]] bool is_plain(std::string_view word) const;
    void pass_word(Role role);
    void read_gap(char c);
    void read_mark(char c);
    void act_on_code(char quote);
    void comment_opens();
    void comment_ends();
    void decide_by_gap(char c);
    void read_word(std::string_view word);
    void decide_by_word(Role role);
    void run_code();
    void act_on_start(Role role);
    void act_on_any(Role role);
    void act_on_execute();
    void act_on_into();

    const NamedEffects* names_;
    // A word that the end of a feed has cut, or a long one; before it a number, as in 1e5into.
    std::array<char, longest_word + 3> part_{};
    std::size_t part_size_ = 0;  // 0: none
    Effects found_;
    LeadIn lead_in_;
    Start start_ = Start::sure;
    Pending pending_ = Pending::none;
    Role previous_{};               // of the word before; Role::other at first
    bool previous_begins_ = false;  // the latest word of a role begins a statement
    char last_ = ' ';               // the character before; any white space is ' '
    char last_visible_ = ' ';       // the character before that is no white space; 'w' of a word
    bool first_ = true;             // the next word is the first
    bool body_;                     // Text::body
    bool code_;                     // what is in strings may run
    bool line_comment_ = false;     // `--` was seen in this line
    bool runs_ = false;             // a statement that may run a function was begun
    bool unicode_ = false;          // the latest & came after a u
    bool load_in_string_ = false;   // the pending LOAD began after punctuation
    bool do_ = false;               // a DO, whose code is to come
    bool do_comment_ = false;       // and a comment before that
    Seen seen_;
};

/// What running this text may leave behind, by a StatementLook at all of it.
[[nodiscard]] Effects look_at(std::string_view sql, const NamedEffects* names);

/// What the statement may have left behind that ended with this tag (the body of CommandComplete
/// without its zero). What a tag cannot tell is left to the text: holdable cursors, SELECT INTO,
/// functions, COPY FROM, and CLOSE, which may end a holdable cursor but mostly ends another.
[[nodiscard]] Effects effects_of_tag(std::string_view tag);

}  // namespace pgweir::protocol
