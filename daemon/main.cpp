// pgweir CONFIG: see command_line.hpp for what else it can do, daemon.hpp for the exit codes.
#include <csignal>
#include <exception>
#include <iostream>

#include "conf/loader.hpp"
#include "conf/reference.hpp"
#include "daemon/command_line.hpp"
#include "daemon/daemon.hpp"
#include "daemon/log.hpp"
#include "daemon/tls/client_tls.hpp"

namespace {

using pgweir::daemon::ExitCode;

// The configuration, or null after every problem has been printed.
std::shared_ptr<const pgweir::conf::Config> load(const std::string& path) {
    pgweir::conf::LoadResult loaded = pgweir::conf::load_file(path);
    for (const auto& problem : loaded.problems) std::cerr << problem.to_string() << '\n';
    return loaded.config;
}

ExitCode check(const std::string& path) {
    const auto config = load(path);
    if (!config) return ExitCode::bad_configuration;
    const auto tls = pgweir::daemon::ClientTls::load(*config);
    if (const auto* problem = std::get_if<std::string>(&tls)) {
        std::cerr << path << ": " << *problem << '\n';
        return ExitCode::bad_configuration;
    }
    std::cout << path << ": no problem found\n";
    return ExitCode::ok;
}

ExitCode run(const std::string& path) {
    auto config = load(path);
    if (!config) return ExitCode::bad_configuration;
    pgweir::daemon::mask_signals(SIG_BLOCK);
    pgweir::daemon::log::start(config->log_level);
    ExitCode code = ExitCode::cannot_start;
    {
        pgweir::daemon::Daemon daemon(path, std::move(config));
        code = daemon.run();
    }
    pgweir::daemon::log::stop();
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    using Action = pgweir::CommandLine::Action;
    try {
        const pgweir::CommandLine line = pgweir::parse_command_line(argc, argv);
        switch (line.action) {
            case Action::run:
                return static_cast<int>(run(line.config_path));
            case Action::check:
                return static_cast<int>(check(line.config_path));
            case Action::options:
                std::cout << pgweir::conf::reference();
                return 0;
            case Action::example:
                std::cout << pgweir::conf::example();
                return 0;
            case Action::exit:
                return line.exit_code;
        }
    } catch (const std::exception& error) {
        std::cerr << "pgweir: " << error.what() << '\n';
    }
    return static_cast<int>(ExitCode::cannot_start);
}
