// The command line: `pgweir CONFIG` and the few things it can do instead.
#pragma once

#include <cstdint>
#include <string>

#include "conf/file/configuration_file.hpp"

namespace pgweir {

struct CommandLine {
    enum class Action : std::uint8_t {
        run,       ///< run with `config`
        check,     ///< check `config` and exit
        import,    ///< print `config`, a pgbouncer.ini, as YAML
        diff,      ///< print what a reload from `config` to `changed` would do
        options,   ///< print the reference of all options
        example,   ///< print an example of a configuration
        document,  ///< print `document`
        setup,     ///< say what the server at `server` needs, the `part` of it
        exit,      ///< exit with `exit_code`: all that is to be said has been printed
    };

    Action action = Action::exit;
    conf::ConfigurationFile config;
    conf::ConfigurationFile changed;
    std::string document;
    std::string server;
    std::string part;  ///< "all", "sql" or "yaml"
    int exit_code = 0;
    // PgBouncer's, for `run`:
    bool background = false;  ///< -d
    bool quiet = false;       ///< -q: nothing is logged to standard error
    unsigned verbosity = 0;   ///< -v: so many levels more are logged than the configuration says
    std::string user;         ///< -u: whose identity to take; empty: none
};

/// EX_USAGE of sysexits.h: the command line is wrong.
inline constexpr int exit_usage = 64;

/// Parses the command line. Prints `--help` and `--version` to standard output, what is wrong to
/// standard error (with exit_usage).
[[nodiscard]] CommandLine parse_command_line(int argc, char** argv);

}  // namespace pgweir
