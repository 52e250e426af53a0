#include "daemon/log/log_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace pgweir::daemon::log {

void Output::close() {
    if (own_ >= 0) ::close(own_);
    own_ = -1;
    descriptor_ = STDERR_FILENO;
    kind_ = Kind::file;
}

// stderr's own flags are left alone: other processes may have the same description of it.
void Output::open() {
    close();
    give_up_at(Clock::time_point::max());
    struct stat status {};
    if (::fstat(STDERR_FILENO, &status) != 0) return;
    if (S_ISSOCK(status.st_mode)) {
        kind_ = Kind::socket;
    } else if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) {
        own_ = ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        kind_ = own_ >= 0 ? Kind::non_blocking : Kind::polled;
        if (own_ >= 0) descriptor_ = own_;
    }
}

// A pipe without a reader is not waited for.
bool Output::open_file(const std::string& path) {
    constexpr mode_t for_its_group = 0640;
    const int file =
        ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
               for_its_group);
    if (file < 0) return false;
    close();
    own_ = file;
    descriptor_ = file;
    kind_ = Kind::non_blocking;
    return true;
}

void Output::write(std::string_view text, std::chrono::milliseconds patience) {
    const auto until = Clock::now() + patience;
    while (!text.empty()) {
        if (kind_ == Kind::polled && !wait(until)) return;
        const long written = write_some(text);
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait(until)) return;
        } else if (errno != EINTR) {
            return;  // nobody will ever read it
        }
    }
}

long Output::write_some(std::string_view text) const {
    if (kind_ == Kind::socket) {
        return ::send(descriptor_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    const std::size_t size =
        kind_ == Kind::polled ? std::min<std::size_t>(text.size(), PIPE_BUF) : text.size();
    return ::write(descriptor_, text.data(), size);
}

// False: it is time to give up.
bool Output::wait(Clock::time_point until) const {
    constexpr std::chrono::milliseconds look_again{50};
    while (true) {
        const Clock::time_point give_up{Clock::duration(give_up_at_.load())};
        const auto left = std::min(give_up, until) - Clock::now();
        const auto ms = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(left),
                                   std::chrono::milliseconds::zero(), look_again);
        pollfd asked{.fd = descriptor_, .events = POLLOUT, .revents = 0};
        if (::poll(&asked, 1, static_cast<int>(ms.count())) > 0) return true;
        if (left <= Clock::duration::zero()) return false;
    }
}

}  // namespace pgweir::daemon::log
