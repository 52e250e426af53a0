#include "protocol/wire/startup_options.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>

namespace pgweir::protocol {

namespace {

// As PostgreSQL's pg_split_opts().
std::vector<std::string> split_options(std::string_view options) {
    constexpr std::string_view white_space = " \t\n\v\f\r";
    std::vector<std::string> words;
    std::size_t i = 0;
    while (true) {
        while (i < options.size() && white_space.find(options[i]) != std::string_view::npos) ++i;
        if (i == options.size()) return words;
        std::string word;
        while (i < options.size() && white_space.find(options[i]) == std::string_view::npos) {
            if (options[i] == '\\' && ++i == options.size()) break;
            word.push_back(options[i++]);
        }
        words.push_back(std::move(word));
    }
}

// A switch of PostgreSQL's process_postgres_switches(), and the setting it stands for. Without a
// setting it is one that a client cannot use (PostgreSQL takes it and does nothing), or one of
// those below whose argument decides.
struct Meaning {
    char letter;
    bool has_argument;
    std::string_view setting;
    std::string_view value;  ///< empty: the argument
};

constexpr std::array<Meaning, 28> meanings{{
    {'B', true, "shared_buffers", {}},
    {'C', true, {}, {}},
    {'D', true, {}, {}},
    {'E', false, {}, {}},
    {'F', false, "fsync", "false"},
    {'N', true, "max_connections", {}},
    {'O', false, "allow_system_table_mods", "true"},
    {'P', false, "ignore_system_indexes", "true"},
    {'S', true, "work_mem", {}},
    {'T', false, {}, {}},
    {'W', true, "post_auth_delay", {}},
    {'b', false, {}, {}},
    {'c', true, {}, {}},
    {'d', true, {}, {}},
    {'e', false, "datestyle", "euro"},
    {'f', true, {}, {}},
    {'h', true, "listen_addresses", {}},
    {'i', false, "listen_addresses", "*"},
    {'j', false, {}, {}},
    {'k', true, "unix_socket_directories", {}},
    {'l', false, "ssl", "true"},
    {'n', false, {}, {}},
    {'p', true, "port", {}},
    {'r', true, {}, {}},
    {'s', false, "log_statement_stats", "true"},
    {'t', true, {}, {}},
    {'v', true, {}, {}},
    {'-', true, {}, {}},
}};

struct Switch {
    const Meaning* meaning = nullptr;  ///< none: there is no such switch, or it lacks its argument
    std::string argument;
};

// Takes words apart as glibc's getopt() does for PostgreSQL: switches may stand in one word, an
// argument behind its switch or in the next word; words that are no switches are passed over.
class CommandLine {
  public:
    explicit CommandLine(std::vector<std::string> words) : words_(std::move(words)) {}

    // Nothing: that was the last.
    std::optional<Switch> next() {
        if (at_ == 0 && !begin_word()) return std::nullopt;
        const std::string& word = words_[index_];
        Switch found;
        const auto meaning = std::ranges::find(meanings, word[at_++], &Meaning::letter);
        if (meaning == meanings.end()) {
            if (at_ == word.size()) end_word();
            return found;
        }
        if (!meaning->has_argument) {
            found.meaning = meaning;
            if (at_ == word.size()) end_word();
            return found;
        }
        if (at_ < word.size()) {
            found = {.meaning = meaning, .argument = word.substr(at_)};
        } else if (index_ + 1 < words_.size()) {
            found = {.meaning = meaning, .argument = words_[++index_]};
        }
        end_word();
        return found;
    }

    // The word that PostgreSQL names when a switch is wrong: the one that getopt() has ended last.
    [[nodiscard]] std::string_view ended() const { return ended_; }
    // The first word that is no switch, after next() has returned nothing.
    [[nodiscard]] std::optional<std::string> operand() const { return first_operand_; }

  private:
    bool begin_word() {
        while (index_ < words_.size() && (words_[index_].size() < 2 || words_[index_][0] != '-')) {
            pass_over();
        }
        if (index_ < words_.size() && words_[index_] == "--") {
            ++index_;
            while (index_ < words_.size()) pass_over();
        }
        // getopt() has moved these behind the switches, just before the next word.
        if (first_operand_) ended_ = last_operand_;
        if (index_ == words_.size()) return false;
        at_ = 1;
        return true;
    }
    void pass_over() {
        last_operand_ = words_[index_++];
        if (!first_operand_) first_operand_ = last_operand_;
    }
    void end_word() {
        ended_ = words_[index_++];
        at_ = 0;
    }

    std::vector<std::string> words_;
    std::size_t index_ = 0;
    std::size_t at_ = 0;  // in the current word; 0: none has been begun
    std::string ended_ = "postgres";
    std::optional<std::string> first_operand_;
    std::string last_operand_;
};

ErrorReport invalid_argument(std::string_view argument) {
    ErrorReport report = ErrorReport::fatal(
        sqlstate::syntax_error,
        "invalid command-line argument for server process: " + std::string(argument));
    report.hint = "Try \"postgres --help\" for more information.";
    return report;
}

// "name=value" with '-' in the name standing for '_' (PostgreSQL's ParseLongOption()).
std::optional<ErrorReport> add_setting(char letter, std::string_view assignment,
                                       std::vector<Parameter>& settings) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) {
        return ErrorReport::fatal(
            sqlstate::syntax_error,
            (letter == '-' ? "--" : "-c ") + std::string(assignment) + " requires a value");
    }
    std::string name(assignment.substr(0, equals));
    if (name.empty()) {
        return ErrorReport::fatal(sqlstate::undefined_object,
                                  "unrecognized configuration parameter \"\"");
    }
    std::ranges::replace(name, '-', '_');
    settings.emplace_back(std::move(name), assignment.substr(equals + 1));
    return std::nullopt;
}

// -d N (PostgreSQL's set_debug_options()).
void add_debug_settings(const std::string& argument, std::vector<Parameter>& settings) {
    const int level = std::atoi(argument.c_str());  // what is no number is 0 to PostgreSQL, too
    settings.emplace_back("log_min_messages",
                          level > 0 ? "debug" + std::to_string(level) : "notice");
    if (level >= 2) settings.emplace_back("log_statement", "all");
    constexpr std::array<std::pair<int, const char*>, 3> prints{
        {{3, "debug_print_parse"}, {4, "debug_print_plan"}, {5, "debug_print_rewritten"}}};
    for (const auto& [from, name] : prints) {
        if (level >= from) settings.emplace_back(name, "true");
    }
}

// What a letter of -f forbids the planner, or a word of -t makes it count; PostgreSQL looks at the
// first letters only. Empty: nothing.
std::string_view setting_of(char letter, std::string_view argument) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> plans{
        {{"s", "enable_seqscan"},
         {"i", "enable_indexscan"},
         {"o", "enable_indexonlyscan"},
         {"b", "enable_bitmapscan"},
         {"t", "enable_tidscan"},
         {"n", "enable_nestloop"},
         {"m", "enable_mergejoin"},
         {"h", "enable_hashjoin"}}};
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> counts{
        {{"pa", "log_parser_stats"}, {"pl", "log_planner_stats"}, {"e", "log_executor_stats"}}};
    const auto look_up = [argument](const auto& table) -> std::string_view {
        const auto found = std::ranges::find_if(
            table, [argument](const auto& entry) { return argument.starts_with(entry.first); });
        return found == table.end() ? std::string_view() : found->second;
    };
    return letter == 'f' ? look_up(plans) : look_up(counts);
}

}  // namespace

std::optional<ErrorReport> parse_options(std::string_view options,
                                         std::vector<Parameter>& settings) {
    CommandLine line(split_options(options));
    while (const auto found = line.next()) {
        if (found->meaning == nullptr) return invalid_argument(line.ended());
        const Meaning& meaning = *found->meaning;
        const std::string& argument = found->argument;
        if (meaning.letter == 'c' || meaning.letter == '-') {
            if (auto problem = add_setting(meaning.letter, argument, settings)) return problem;
        } else if (meaning.letter == 'd') {
            add_debug_settings(argument, settings);
        } else if (meaning.letter == 'f' || meaning.letter == 't') {
            const std::string_view name = setting_of(meaning.letter, argument);
            if (name.empty()) return invalid_argument(line.ended());
            settings.emplace_back(name, meaning.letter == 'f' ? "false" : "true");
        } else if (!meaning.setting.empty()) {
            settings.emplace_back(meaning.setting,
                                  meaning.value.empty() ? argument : std::string(meaning.value));
        }
    }
    if (const auto operand = line.operand()) return invalid_argument(*operand);
    return std::nullopt;
}

}  // namespace pgweir::protocol
