// pgweir CONFIG: see command_line.hpp for what else it can do, daemon.hpp for the exit codes.
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

#include "conf/options/reference.hpp"
#include "daemon/log/log.hpp"
#include "daemon/process/background.hpp"
#include "daemon/process/command_line.hpp"
#include "daemon/process/commands.hpp"
#include "daemon/process/daemon.hpp"
#include "daemon/process/documents.hpp"
#include "daemon/process/pid_file.hpp"
#include "daemon/process/setup.hpp"

namespace {

using pgweir::daemon::ExitCode;
using pgweir::daemon::load_or_complain;

// What must be before any other thread. Returns what is wrong, or nothing.
std::optional<std::string> prepare(const pgweir::CommandLine& line) {
    if (!line.user.empty()) {
        if (auto problem = pgweir::daemon::become_user(line.user)) return problem;
    }
    if (line.background) {
        // A terminal would be lost with whoever sits there; a file or pipe is where the log is for.
        const bool on_terminal = ::isatty(STDERR_FILENO) != 0;
        if (auto problem = pgweir::daemon::go_into_background()) return problem;
        if (on_terminal) pgweir::daemon::silence_stderr();
    }
    if (line.quiet) pgweir::daemon::silence_stderr();
    return std::nullopt;
}

// Whoever redirects it to a full disk must not take the half for the whole.
int print(const std::string& text) {
    std::cout << text << std::flush;
    if (std::cout) return 0;
    std::cerr << "pgweir: cannot write to standard output\n";
    return static_cast<int>(ExitCode::cannot_start);
}

ExitCode cannot(const std::string& problem) {
    pgweir::daemon::log::write(pgweir::conf::LogLevel::error, "cannot_start", {{"error", problem}});
    return ExitCode::cannot_start;
}

ExitCode run(const pgweir::CommandLine& line) {
    const pgweir::conf::ConfigurationFile& file = line.config;
    pgweir::conf::Loaded loaded = load_or_complain(file);
    if (!loaded.config) return ExitCode::bad_configuration;
    if (const auto problem = prepare(line)) {
        std::cerr << "pgweir: " << *problem << '\n';
        return ExitCode::cannot_start;
    }
    pgweir::daemon::mask_signals(SIG_BLOCK);
    pgweir::daemon::log::raise(line.verbosity);
    pgweir::daemon::log::start(loaded.config->log_level);
    if (const auto problem = pgweir::daemon::log::configure(*loaded.config))
        return cannot(*problem);
    const pgweir::daemon::PidFile pid_file(loaded.config->pidfile);
    if (const auto problem = pid_file.problem()) return cannot(*problem);
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
                return static_cast<int>(run(line));
            case Action::check:
                return pgweir::daemon::check(line.config);
            case Action::import:
                return pgweir::daemon::import(line.config);
            case Action::diff:
                return pgweir::daemon::diff(line.config, line.changed);
            case Action::options:
                return print(pgweir::conf::reference());
            case Action::example:
                return print(pgweir::conf::example());
            case Action::document:
                return print(pgweir::daemon::document(line.document));
            case Action::setup:
                return pgweir::daemon::setup(line.server, line.part);
            case Action::exit:
                return line.exit_code;
        }
    } catch (const std::exception& error) {
        std::cerr << "pgweir: " << error.what() << '\n';
    }
    return static_cast<int>(ExitCode::cannot_start);
}
