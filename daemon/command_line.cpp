#include "daemon/command_line.hpp"

#include <CLI/CLI.hpp>

namespace pgweir {

CommandLine parse_command_line(int argc, char** argv) {
    CLI::App app{"pgweir, a connection pooler for PostgreSQL", "pgweir"};
    CommandLine line;
    bool check = false;
    bool print_options = false;
    bool print_example = false;

    app.set_version_flag("--version", "pgweir " PGWEIR_VERSION, "Print the version and exit");
    auto* const config =
        app.add_option("CONFIG", line.config_path, "The configuration, a YAML file");
    auto* const check_flag =
        app.add_flag("--check", check, "Check CONFIG and exit: 0 if it is right, 2 if not");
    auto* const options_flag =
        app.add_flag("--options", print_options, "Print the reference of all options and exit");
    auto* const example_flag =
        app.add_flag("--example", print_example, "Print an example of a configuration and exit");
    options_flag->excludes(config, check_flag, example_flag);
    example_flag->excludes(config, check_flag);

    try {
        app.parse(argc, argv);
        if (config->empty() && !print_options && !print_example) {
            throw CLI::RequiredError{"CONFIG"};
        }
    } catch (const CLI::ParseError& error) {
        // CLI11 also throws for --help and --version; these are successes.
        const bool success = app.exit(error) == static_cast<int>(CLI::ExitCodes::Success);
        line.exit_code = success ? 0 : exit_usage;
        return line;
    }
    using Action = CommandLine::Action;
    line.action = print_options   ? Action::options
                  : print_example ? Action::example
                  : check         ? Action::check
                                  : Action::run;
    return line;
}

}  // namespace pgweir
