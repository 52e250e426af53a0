// pgweir CONFIG: see command_line.hpp for what else it can do, daemon.hpp for the exit codes.
#include <csignal>
#include <exception>
#include <iostream>

#include "conf/reference.hpp"
#include "daemon/log/log.hpp"
#include "daemon/process/command_line.hpp"
#include "daemon/process/commands.hpp"
#include "daemon/process/daemon.hpp"

namespace {

using pgweir::daemon::ExitCode;
using pgweir::daemon::load_or_complain;

ExitCode run(const pgweir::conf::ConfigurationFile& file) {
    pgweir::conf::Loaded loaded = load_or_complain(file);
    if (!loaded.config) return ExitCode::bad_configuration;
    pgweir::daemon::mask_signals(SIG_BLOCK);
    pgweir::daemon::log::start(loaded.config->log_level);
    ExitCode code = ExitCode::cannot_start;
    {
        pgweir::daemon::Daemon daemon(file, std::move(loaded));
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
                return static_cast<int>(run(line.config));
            case Action::check:
                return pgweir::daemon::check(line.config);
            case Action::import:
                return pgweir::daemon::import(line.config);
            case Action::diff:
                return pgweir::daemon::diff(line.config, line.changed);
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
