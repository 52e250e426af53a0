#include "daemon/process/pid_file.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill() is POSIX's
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

namespace pgweir::daemon {
namespace {

/// The process that a file of a former start names, if it lives and is not this one.
pid_t living_process(const std::string& path) {
    std::ifstream file(path);
    pid_t process = 0;
    if (!(file >> process) || process <= 0 || process == ::getpid()) return 0;
    return ::kill(process, 0) == 0 || errno == EPERM ? process : 0;
}

}  // namespace

PidFile::PidFile(std::string path) : path_(std::move(path)) {
    if (path_.empty()) return;
    if (const pid_t process = living_process(path_)) {
        problem_ = "pidfile: process " + std::to_string(process) + " of \"" + path_ + "\" is alive";
        return;
    }
    std::ofstream file(path_, std::ios::trunc);
    file << ::getpid() << std::endl;
    if (file) return;
    problem_ = "pidfile: cannot write \"" + path_ + "\": " + std::generic_category().message(errno);
}

PidFile::~PidFile() {
    if (!path_.empty() && !problem_) ::unlink(path_.c_str());
}

}  // namespace pgweir::daemon
