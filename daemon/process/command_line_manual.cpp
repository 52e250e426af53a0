#include "daemon/process/command_line_manual.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "conf/options/manual_page.hpp"
#include "daemon/process/command_line_words.hpp"

namespace pgweir::daemon {
namespace {

/// What is said of the ends of the process, which the description of the command line does not
/// know.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> statuses{{
    {"0", "It was stopped, or did what it was asked to do."},
    {"1",
     "It cannot start: a port is taken, a folder cannot be written. Of `--diff`: the files "
     "differ."},
    {"2",
     "The configuration is wrong. Every problem has been printed with its file, line and "
     "column, and nothing was started."},
    {"3", "It was asked to stop, and `shutdown_timeout` cut clients off."},
    {"64", "The command line is wrong."},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> signal_texts{{
    {"SIGHUP", "Read the configuration anew."},
    {"SIGTERM",
     "End when all clients have left, for `shutdown_timeout` at most. A second one ends "
     "at once."},
    {"SIGINT",
     "End when all servers are free, and dismiss clients that wait for one, for "
     "`shutdown_timeout` at most. A second one ends at once."},
    {"SIGQUIT", "End at once."},
    {"SIGUSR1, SIGUSR2", "Pause, and resume, as the console's PAUSE and RESUME do."},
}};

/// `--format`, `-u, --user`, or the name of a positional.
std::string names_of(const CLI::Option& option) {
    std::string names;
    const auto add = [&](const std::string& name) { names += (names.empty() ? "" : ", ") + name; };
    for (const std::string& name : option.get_snames()) add('-' + name);
    for (const std::string& name : option.get_lnames()) add("--" + name);
    return names.empty() ? option.get_name() : names;
}

/// The word that stands for the argument in the help: `FILE`. Behind it CLI11 has what is checked.
std::string argument_of(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    return type.substr(0, type.find(':'));
}

/// The words that an option takes, with spaces between them; empty: anything.
std::string choices_of(const CLI::Option& option) {
    std::string type = option.get_type_name();
    const std::size_t begin = type.find('{');
    const std::size_t end = type.find('}');
    if (begin == std::string::npos || end == std::string::npos) return {};
    type = type.substr(begin + 1, end - begin - 1);
    std::ranges::replace(type, ',', ' ');
    return type;
}

/// Calls `use` with each option of the command line.
void for_each_option(const auto& use) {
    CLI::App app{"", "pgweir"};
    app.set_help_flag("-h,--help", "Print this help message and exit");
    CommandLineWords words;
    describe(app, words);
    for (const CLI::Option* const option : std::as_const(app).get_options()) use(*option);
}

/// A branch of the completion: what may stand behind this option.
std::string completion_behind(const CLI::Option& option) {
    std::string names = names_of(option);
    for (std::size_t at = names.find(", "); at != std::string::npos; at = names.find(", ")) {
        names.replace(at, 2, " | ");
    }
    const std::string choices = choices_of(option);
    std::string action = "return";  // to names of files
    if (!choices.empty()) {
        action = "mapfile -t COMPREPLY < <(compgen -W '" + choices + "' -- \"$word\"); return";
    } else if (option.check_name("--user")) {
        action = "mapfile -t COMPREPLY < <(compgen -u -- \"$word\"); return";
    }
    return "        " + names + ") " + action + " ;;\n";
}

}  // namespace

std::string command_line_manual(std::string_view version) {
    conf::ManualPage page{"pgweir", 1, version, "connection pooler for PostgreSQL"};
    page.heading("synopsis");
    page.paragraph("`pgweir` [OPTIONS] CONFIG");
    page.heading("description");
    page.paragraph(
        "Many clients connect to pgweir; it carries their transactions over a few connections to "
        "PostgreSQL. It speaks PostgreSQL's protocol and takes the place of PgBouncer, whose "
        "configuration it reads too. What stands in CONFIG is in `pgweir.yaml`(5).");
    page.heading("options");
    for_each_option([&](const CLI::Option& option) {
        std::string tag = '`' + names_of(option) + '`';
        if (!option.get_positional() && option.get_items_expected_max() > 0) {
            tag += ' ' + argument_of(option);
        }
        std::string text = option.get_description() + '.';
        if (const std::string choices = choices_of(option); !choices.empty()) {
            text += " One of: " + choices + '.';
        }
        page.item(tag, text);
    });
    page.heading("exit status");
    for (const auto& [status, meaning] : statuses)
        page.item('`' + std::string{status} + '`', meaning);
    page.heading("signals");
    for (const auto& [signal, meaning] : signal_texts)
        page.item('`' + std::string{signal} + '`', meaning);
    page.heading("files");
    page.item("`/etc/pgweir/pgweir.yaml`", "The configuration of the service `pgweir`.");
    page.heading("see also");
    page.paragraph("`pgweir.yaml`(5), `pgweir-console`(7)");
    return page.text();
}

std::string command_line_completion() {
    std::string words;
    std::string branches;
    for_each_option([&](const CLI::Option& option) {
        for (const std::string& name : option.get_lnames()) words += " --" + name;
        if (!option.get_positional() && option.get_items_expected_max() > 0) {
            branches += completion_behind(option);
        }
    });
    return "# Completion of pgweir's arguments for bash. Made by `pgweir --document pgweir.bash`.\n"
           "_pgweir() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
           "    COMPREPLY=()\n"
           "    case $before in\n" +
           branches +
           "    esac\n"
           "    if [[ $word == -* ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W '" +
           words.substr(1) +
           "' -- \"$word\")\n"
           "    fi\n"
           "}\n"
           "complete -o default -F _pgweir pgweir\n";
}

}  // namespace pgweir::daemon
