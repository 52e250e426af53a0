#include "protocol/sql/effect_words.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace pgweir::protocol {

namespace {

constexpr Effects settings = Effect::state | Effect::reset;
constexpr Effects suspect = suspect_effects;

// In the order of the alphabet, `_` last. Of functions: those of PostgreSQL 12 to 18 and of
// well-known extensions in C that leave something in the session (manual, "System Administration
// Functions", "Sequence Manipulation Functions", F.x of each extension).
constexpr std::array words{
    EffectWord{"abort", Role::ends, {}},
    EffectWord{"aggregate", Role::kind, {}},
    EffectWord{"alter", Role::define, {}},
    EffectWord{"analyse", Role::before_execute, {}},
    EffectWord{"analyze", Role::before_execute, {}},
    EffectWord{"as", Role::before_execute, {}},
    EffectWord{"atomic", Role::opens_statements, {}},
    EffectWord{"begin", Role::begins_block, {}},
    // ALTER TABLE … ADD COLUMN x bigserial fills it in.
    EffectWord{"bigserial", Role::other, Effect::advances_sequence},
    EffectWord{"call", Role::call, {}},
    EffectWord{"cast", Role::kind, {}},
    EffectWord{"class", Role::kind, {}},
    EffectWord{"commit", Role::ends, {}},
    EffectWord{"connectby", Role::runs_text, suspect},
    EffectWord{"constraints", Role::constraints, {}},
    EffectWord{"copy", Role::other, Effect::advances_sequence},
    EffectWord{"create", Role::define, {}},
    EffectWord{"crosstab*", Role::runs_text, suspect},
    EffectWord{"currval", Role::other, Effect::reads_sequence},
    EffectWord{"cursor_to_xml*", Role::runs_text, suspect},
    EffectWord{"database", Role::database, {}},
    EffectWord{"database_to_xml*", Role::runs_text, suspect},
    EffectWord{"dblink_connect", Role::other, Effect::sticky},
    EffectWord{"dblink_connect_u", Role::other, Effect::sticky},
    EffectWord{"dblink_open", Role::other, Effect::sticky},
    EffectWord{"dbms_alert", Role::other, Effect::sticky},
    EffectWord{"dbms_output", Role::other, Effect::sticky},
    EffectWord{"dbms_pipe", Role::other, Effect::sticky},
    EffectWord{"dbms_random", Role::other, Effect::sticky},
    EffectWord{"dbms_sql", Role::other, Effect::sticky},
    EffectWord{"deallocate", Role::other, Effect::state | Effect::names_statement},
    // UPDATE t SET x = DEFAULT evaluates it too.
    EffectWord{"default", Role::default_value, {}},
    EffectWord{"discard", Role::discard, {}},
    EffectWord{"do", Role::run, {}},
    EffectWord{"domain", Role::kind, {}},
    EffectWord{"drop", Role::drop, {}},
    EffectWord{"e", Role::escape, {}},
    EffectWord{"else", Role::opens_statements, {}},
    EffectWord{"end", Role::ends, {}},
    EffectWord{"execute", Role::execute, {}},
    EffectWord{"explain", Role::before_execute, {}},
    EffectWord{"extension", Role::kind, {}},
    EffectWord{"function", Role::kind, {}},
    EffectWord{"global", Role::global, {}},
    EffectWord{"hll_set_defaults", Role::other, Effect::sticky},
    EffectWord{"hll_set_max_sparse", Role::other, Effect::sticky},
    EffectWord{"hll_set_output_version", Role::other, Effect::sticky},
    EffectWord{"hold", Role::hold, {}},
    EffectWord{"http_reset_curlopt", Role::other, Effect::sticky},
    EffectWord{"http_set_curlopt", Role::other, Effect::sticky},
    EffectWord{"hypopg_create_index", Role::other, Effect::sticky},
    EffectWord{"hypopg_hide_index", Role::other, Effect::sticky},
    EffectWord{"identity", Role::other, Effect::advances_sequence},
    EffectWord{"index", Role::kind, {}},
    EffectWord{"insert", Role::insert, Effect::advances_sequence},
    EffectWord{"install_rcmd", Role::other, Effect::sticky},
    EffectWord{"into", Role::into, {}},
    // isn; "weakmode" is the same function in C.
    EffectWord{"isn_weak", Role::other, Effect::sticky},
    EffectWord{"language", Role::kind, {}},
    EffectWord{"lastval", Role::other, Effect::reads_sequence},
    EffectWord{"listen", Role::listen, {}},
    EffectWord{"load", Role::load, {}},
    EffectWord{"local", Role::local, {}},
    EffectWord{"loop", Role::opens_statements, {}},
    EffectWord{"memcache_*", Role::other, Effect::sticky},
    EffectWord{"merge", Role::merge, Effect::advances_sequence},
    EffectWord{"names", Role::resets, {}},
    EffectWord{"nextval", Role::other, Effect::advances_sequence},
    EffectWord{"nothing", Role::nothing, {}},
    // Who listens as well is to know its own notifications: its server has to hear them.
    EffectWord{"notify", Role::other, Effect::listens},
    EffectWord{"operator", Role::kind, {}},
    EffectWord{"owned", Role::kind, {}},
    EffectWord{"pgv_*", Role::other, Effect::sticky},
    EffectWord{"pg_advisory_lock", Role::other, Effect::state},
    EffectWord{"pg_advisory_lock_shared", Role::other, Effect::state},
    EffectWord{"pg_advisory_unlock", Role::other, Effect::state},
    EffectWord{"pg_advisory_unlock_all", Role::other, Effect::state},
    EffectWord{"pg_advisory_unlock_shared", Role::other, Effect::state},
    EffectWord{"pg_background_launch", Role::other, Effect::sticky},
    // A backup ends with its session.
    EffectWord{"pg_backup_start", Role::other, Effect::sticky},
    // These four make slots that may be temporary: dropped at the end of the session.
    EffectWord{"pg_copy_logical_replication_slot", Role::other, Effect::sticky},
    EffectWord{"pg_copy_physical_replication_slot", Role::other, Effect::sticky},
    EffectWord{"pg_create_logical_replication_slot", Role::other, Effect::sticky},
    EffectWord{"pg_create_physical_replication_slot", Role::other, Effect::sticky},
    EffectWord{"pg_listening_channels", Role::other, Effect::listens},
    EffectWord{"pg_notify", Role::other, Effect::listens},
    EffectWord{"pg_replication_origin_session_reset", Role::other, Effect::sticky},
    EffectWord{"pg_replication_origin_session_setup", Role::other, Effect::sticky},
    // An UPDATE of this view is a SET.
    EffectWord{"pg_settings", Role::other, settings},
    EffectWord{"pg_start_backup", Role::other, Effect::sticky},
    EffectWord{"pg_temp*", Role::other, Effect::state},
    EffectWord{"pg_try_advisory_lock", Role::other, Effect::state},
    EffectWord{"pg_try_advisory_lock_shared", Role::other, Effect::state},
    EffectWord{"pldbg_*", Role::other, Effect::sticky},
    EffectWord{"plpgsql_check_profiler", Role::other, Effect::sticky},
    EffectWord{"plpgsql_check_tracer", Role::other, Effect::sticky},
    EffectWord{"plpy", Role::runs_text, suspect},
    EffectWord{"plr_set_display", Role::other, Effect::sticky},
    EffectWord{"plr_set_rhome", Role::other, Effect::sticky},
    EffectWord{"plv8", Role::runs_text, suspect},
    EffectWord{"plvdate", Role::other, Effect::sticky},
    EffectWord{"plvsubst", Role::other, Effect::sticky},
    EffectWord{"pl_profiler_*", Role::other, Effect::sticky},
    EffectWord{"policy", Role::kind, {}},
    EffectWord{"prepare", Role::prepare, {}},
    EffectWord{"procedure", Role::kind, {}},
    EffectWord{"query_to_xml*", Role::runs_text, suspect},
    EffectWord{"release", Role::plain, {}},
    EffectWord{"reload_plr_modules", Role::other, Effect::sticky},
    EffectWord{"replace", Role::replace, {}},
    EffectWord{"reset", Role::reset, {}},
    EffectWord{"reset_user", Role::other, Effect::sticky},
    EffectWord{"rollback", Role::ends, {}},
    EffectWord{"routine", Role::kind, {}},
    EffectWord{"rule", Role::kind, {}},
    EffectWord{"savepoint", Role::plain, {}},
    EffectWord{"schema", Role::kind, {}},
    EffectWord{"schema_to_xml*", Role::runs_text, suspect},
    EffectWord{"seed", Role::seed, {}},
    EffectWord{"select", Role::select, {}},
    EffectWord{"sepgsql_setcon", Role::other, Effect::sticky},
    EffectWord{"serial", Role::other, Effect::advances_sequence},
    EffectWord{"serial2", Role::other, Effect::advances_sequence},
    EffectWord{"serial4", Role::other, Effect::advances_sequence},
    EffectWord{"serial8", Role::other, Effect::advances_sequence},
    EffectWord{"session_variable", Role::other, Effect::sticky},
    EffectWord{"set", Role::set, {}},
    EffectWord{"setseed", Role::other, Effect::sticky},
    EffectWord{"setval", Role::other, Effect::advances_sequence},
    // With a null value it resets.
    EffectWord{"set_config", Role::set_config, settings},
    // pg_trgm: a setting, by another name.
    EffectWord{"set_limit", Role::other, Effect::state},
    EffectWord{"set_nls_sort", Role::other, Effect::sticky},
    // set_user: the session is another role's, and no setting tells so.
    EffectWord{"set_session_auth", Role::other, Effect::sticky},
    // temporal_tables: what time it is.
    EffectWord{"set_system_time", Role::other, Effect::sticky},
    EffectWord{"set_user", Role::other, Effect::sticky},
    EffectWord{"set_user_u", Role::other, Effect::sticky},
    EffectWord{"show", Role::plain, {}},
    EffectWord{"smallserial", Role::other, Effect::advances_sequence},
    // The server programming interface of PL/Perl, PL/Tcl, pl/rust, …
    EffectWord{"spi*", Role::runs_text, suspect},
    EffectWord{"start", Role::plain, {}},
    EffectWord{"table", Role::kind, {}},
    EffectWord{"table_to_xml*", Role::runs_text, suspect},
    EffectWord{"temp", Role::temp, {}},
    EffectWord{"temporary", Role::temp, {}},
    EffectWord{"then", Role::opens_statements, {}},
    EffectWord{"transaction", Role::transaction, {}},
    EffectWord{"transform", Role::kind, {}},
    EffectWord{"trigger", Role::kind, {}},
    EffectWord{"ts_rewrite", Role::runs_text, suspect},
    EffectWord{"ts_stat", Role::runs_text, suspect},
    EffectWord{"type", Role::kind, {}},
    EffectWord{"u", Role::escape, {}},
    EffectWord{"unlisten", Role::other, Effect::state | Effect::listens},
    EffectWord{"update", Role::update, {}},
    EffectWord{"utl_file", Role::other, Effect::sticky},
    EffectWord{"verbose", Role::before_execute, {}},
    EffectWord{"view", Role::kind, {}},
    EffectWord{"weakmode", Role::other, Effect::sticky},
    EffectWord{"with", Role::with, {}},
    EffectWord{"xpath_table", Role::runs_text, suspect},
    EffectWord{"zone", Role::zone, {}},
    // PL/Perl's hash that all functions of a session share.
    EffectWord{"_shared", Role::other, Effect::sticky},
};

constexpr bool is_prefix(const EffectWord& entry) {
    return entry.text.back() == '*';
}

constexpr std::string_view without_star(const EffectWord& entry) {
    return entry.text.substr(0, entry.text.size() - 1);
}

// Where to look for a word: among those of its size that begin alike, and the prefixes that begin
// alike. Each list ends with `none`.
constexpr std::uint8_t none = 255;
static_assert(words.size() < none);

struct Index {
    static constexpr std::size_t slots = 1024;
    std::array<std::uint8_t, slots> first{};        ///< of the words, by slot()
    std::array<std::uint8_t, 32> first_prefix{};    ///< by letter()
    std::array<std::uint8_t, words.size()> next{};  ///< of the same list

    static constexpr std::size_t letter(char c) { return static_cast<unsigned char>(c) & 31U; }
    static constexpr std::size_t slot(std::string_view word) {
        return letter(word.front()) << 5U | (word.size() & 31U);
    }
};

constexpr Index make_index() {
    Index index;
    index.first.fill(none);
    index.first_prefix.fill(none);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view text = words[i].text;
        std::uint8_t& head = is_prefix(words[i]) ? index.first_prefix[Index::letter(text.front())]
                                                 : index.first[Index::slot(text)];
        index.next[i] = std::exchange(head, static_cast<std::uint8_t>(i));
    }
    return index;
}
constexpr Index index = make_index();

constexpr WordFilter make_filter() {
    WordFilter filter;
    for (const EffectWord& entry : words) {
        if (is_prefix(entry)) {
            filter.add_prefix(without_star(entry));
        } else {
            filter.add(entry.text);
        }
    }
    return filter;
}

}  // namespace

constexpr WordFilter effect_word_filter = make_filter();

const EffectWord* find_effect_word(std::string_view word) {
    if (word.empty()) return nullptr;
    for (std::uint8_t i = index.first[Index::slot(word)]; i != none; i = index.next[i]) {
        if (words[i].text == word) return &words[i];
    }
    const std::uint8_t prefixes = index.first_prefix[Index::letter(word.front())];
    for (std::uint8_t i = prefixes; i != none; i = index.next[i]) {
        if (word.starts_with(without_star(words[i]))) return &words[i];
    }
    return nullptr;
}

}  // namespace pgweir::protocol
