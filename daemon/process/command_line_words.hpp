// The one description of the command line: the parser, --help, pgweir(1) and the completion for
// bash come from it.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace pgweir {

/// What stands on the command line, as it stands there.
struct CommandLineWords {
    std::string config;
    std::string ini;
    std::string import;
    std::vector<std::string> diff;
    std::string format = "auto";
    std::string document;
    std::string setup;  ///< "all", "sql" or "yaml"
    std::string server;
    bool check = false;
    bool options = false;
    bool example = false;
    bool background = false;
    bool quiet = false;
    bool reboot = false;
    int verbosity = 0;
    std::string user;
};

/// Has `app` put what it parses into `words`, which must live as long as it does.
void describe(CLI::App& app, CommandLineWords& words);

}  // namespace pgweir
