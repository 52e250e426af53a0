#include "daemon/process/command_line.hpp"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pgweir {
namespace {

/// What stands on the command line, as it stands there.
struct Words {
    std::string config;
    std::string ini;
    std::string import;
    std::vector<std::string> diff;
    std::string format = "auto";
    bool check = false;
    bool options = false;
    bool example = false;
    bool background = false;
    bool quiet = false;
    bool reboot = false;
    int verbosity = 0;
    std::string user;
};

void add_arguments(CLI::App& app, Words& words) {
    app.set_version_flag("-V,--version", "pgweir " PGWEIR_VERSION, "Print the version and exit");
    app.add_option("CONFIG", words.config, "The configuration, a YAML file")->type_name("");
    app.add_option("--pgbouncer-ini", words.ini,
                   "The configuration, a pgbouncer.ini, in place of CONFIG")
        ->type_name("FILE");
    app.add_flag("--check", words.check,
                 "Check the configuration and exit: 0 if it is right, 2 if not");
    app.add_option("--import", words.import,
                   "Print a pgbouncer.ini as YAML, and to standard error what became of each "
                   "setting; exit: 0, or 2 if there is a problem")
        ->type_name("FILE");
    app.add_option("--diff", words.diff,
                   "Print what a reload from OLD to NEW would change (reload) and what needs a "
                   "restart (restart); exit: 0 if nothing, 1 if something, 2 if a file is wrong")
        ->type_name("OLD NEW")
        ->expected(2);
    app.add_option("--format", words.format,
                   "The syntax of CONFIG, OLD and NEW; auto: PgBouncer's for names that end with "
                   ".ini")
        ->type_name("auto|yaml|pgbouncer")
        ->check(CLI::IsMember({"auto", "yaml", "pgbouncer"}));
    app.add_flag("--options", words.options, "Print the reference of all options and exit");
    app.add_flag("--example", words.example, "Print an example of a configuration and exit");
}

/// As PgBouncer has them, so that scripts that start it start pgweir.
void add_pgbouncers_arguments(CLI::App& app, Words& words) {
    app.add_flag("-d,--daemon", words.background,
                 "Run in the background, with the log nowhere unless standard error is redirected");
    app.add_flag("-q,--quiet", words.quiet, "Log nothing to standard error");
    app.add_flag("-v,--verbose", words.verbosity,
                 "Log more than log.level says; -v -v: still more");
    app.add_option("-u,--user", words.user, "Take the identity of this user")->type_name("NAME");
    app.add_flag("-R,--reboot", words.reboot, "Not supported: PgBouncer's online restart");
}

/// There is one thing to do, and a check is for a configuration that could run.
void check_consistency(const Words& words) {
    const int configurations =
        static_cast<int>(!words.config.empty()) + static_cast<int>(!words.ini.empty());
    const int others = static_cast<int>(!words.import.empty()) +
                       static_cast<int>(!words.diff.empty()) + static_cast<int>(words.options) +
                       static_cast<int>(words.example);
    if (words.reboot) {
        throw CLI::ParseError{
            "-R is not supported: pgweir does not take over the sockets of a running process. Stop "
            "that one first (SIGINT lets its work end), then start without -R",
            CLI::ExitCodes::ExcludesError};
    }
    if (configurations + others == 0) throw CLI::RequiredError{"CONFIG"};
    if (configurations + others > 1 || (words.check && configurations == 0)) {
        throw CLI::ParseError{
            "CONFIG, --pgbouncer-ini, --import, --diff, --options and --example "
            "exclude each other, and --check needs one of the first two",
            CLI::ExitCodes::ExcludesError};
    }
}

conf::ConfigurationFile file(const Words& words, const std::string& path) {
    if (words.format == "auto") return {path, conf::syntax_of(path)};
    return {path, words.format == "yaml" ? conf::Syntax::yaml : conf::Syntax::pgbouncer};
}

CommandLine interpret(const Words& words) {
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
    Words words;
    add_arguments(app, words);
    add_pgbouncers_arguments(app, words);
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
