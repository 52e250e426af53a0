#include "daemon/process/command_line.hpp"

#include <CLI/CLI.hpp>
#include <string>

#include "daemon/process/command_line_words.hpp"

namespace pgweir {
namespace {

/// There is one thing to do, and a check is for a configuration that could run.
void check_consistency(const CommandLineWords& words) {
    const int configurations =
        static_cast<int>(!words.config.empty()) + static_cast<int>(!words.ini.empty());
    const int others = static_cast<int>(!words.import.empty()) +
                       static_cast<int>(!words.diff.empty()) + static_cast<int>(words.options) +
                       static_cast<int>(words.example) + static_cast<int>(!words.document.empty()) +
                       static_cast<int>(!words.setup.empty());
    if (words.reboot) {
        throw CLI::ParseError{
            "-R is not supported: pgweir does not take over the sockets of a running process. Stop "
            "that one first (SIGINT lets its work end), then start without -R",
            CLI::ExitCodes::ExcludesError};
    }
    if (configurations + others == 0) throw CLI::RequiredError{"CONFIG"};
    if (!words.server.empty() && words.setup.empty()) {
        throw CLI::ParseError{"--server is for --setup", CLI::ExitCodes::RequiresError};
    }
    if (configurations + others > 1 || (words.check && configurations == 0)) {
        throw CLI::ParseError{
            "CONFIG, --pgbouncer-ini, --import, --diff, --options, --example, --document and "
            "--setup exclude each other, and --check needs one of the first two",
            CLI::ExitCodes::ExcludesError};
    }
}

conf::ConfigurationFile file(const CommandLineWords& words, const std::string& path) {
    if (words.format == "auto") return {path, conf::syntax_of(path)};
    return {path, words.format == "yaml" ? conf::Syntax::yaml : conf::Syntax::pgbouncer};
}

CommandLine interpret(const CommandLineWords& words) {
    using Action = CommandLine::Action;
    CommandLine line;
    line.background = words.background;
    line.quiet = words.quiet;
    line.verbosity = static_cast<unsigned>(words.verbosity);
    line.user = words.user;
    if (words.options) {
        line.action = Action::options;
    } else if (words.example) {
        line.action = Action::example;
    } else if (!words.document.empty()) {
        line.action = Action::document;
        line.document = words.document;
    } else if (!words.setup.empty()) {
        line.action = Action::setup;
        line.server = words.server;
        line.part = words.setup;
    } else if (!words.import.empty()) {
        line.action = Action::import;
        line.config = {words.import, conf::Syntax::pgbouncer};
    } else if (!words.diff.empty()) {
        line.action = Action::diff;
        line.config = file(words, words.diff.front());
        line.changed = file(words, words.diff.back());
    } else {
        line.action = words.check ? Action::check : Action::run;
        line.config = words.ini.empty()
                          ? file(words, words.config)
                          : conf::ConfigurationFile{words.ini, conf::Syntax::pgbouncer};
    }
    return line;
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv) {
    CLI::App app{"pgweir, a connection pooler for PostgreSQL", "pgweir"};
    CommandLineWords words;
    describe(app, words);
    try {
        app.parse(argc, argv);
        check_consistency(words);
        return interpret(words);
    } catch (const CLI::ParseError& error) {
        // CLI11 also throws for --help and --version; these are successes.
        const bool success = app.exit(error) == static_cast<int>(CLI::ExitCodes::Success);
        CommandLine line;
        line.exit_code = success ? 0 : exit_usage;
        return line;
    }
}

}  // namespace pgweir
