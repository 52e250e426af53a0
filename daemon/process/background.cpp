#include "daemon/process/background.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace pgweir::daemon {
namespace {

std::string because(const std::string& what) {
    return what + ": " + std::generic_category().message(errno);
}

void lead_nowhere(int descriptor) {
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0) return;
    ::dup2(nowhere, descriptor);
    if (nowhere > STDERR_FILENO) ::close(nowhere);
}

}  // namespace

std::optional<std::string> become_user(const std::string& name) {
    const passwd* const user = ::getpwnam(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (user == nullptr) return "there is no user \"" + name + "\" to switch to";
    if (user->pw_uid == ::geteuid()) return std::nullopt;
    if (::initgroups(user->pw_name, user->pw_gid) != 0 || ::setgid(user->pw_gid) != 0 ||
        ::setuid(user->pw_uid) != 0) {
        return because("cannot switch to user \"" + name + '"');
    }
    return std::nullopt;
}

std::optional<std::string> go_into_background() {
    const pid_t child = ::fork();
    if (child < 0) return because("cannot go into the background");
    if (child > 0) ::_exit(0);
    ::setsid();
    lead_nowhere(STDIN_FILENO);
    lead_nowhere(STDOUT_FILENO);
    return std::nullopt;
}

void silence_stderr() {
    lead_nowhere(STDERR_FILENO);
}

}  // namespace pgweir::daemon
