#include "conf/file/bounded_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "conf/options/units.hpp"

namespace pgweir::conf {
namespace {

/// Owns a file descriptor.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_{fd} {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

Refusal system_refusal(int error) {
    return {std::generic_category().message(error)};
}

}  // namespace

Result<std::string> read_bounded_file(const std::string& path, std::size_t limit) {
    // Without O_NONBLOCK the opening of a named pipe that nobody writes would hang for ever. Once
    // it is open, reading may wait for a writer that exists, and ends at once without one.
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (file.get() < 0) return system_refusal(errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return system_refusal(errno);
    if (S_ISDIR(status.st_mode)) return Refusal{"it is a folder"};
    if (::fcntl(file.get(), F_SETFL, 0) != 0) return system_refusal(errno);

    std::string content;
    std::array<char, 16'384> block{};
    while (true) {
        const ssize_t count = ::read(file.get(), block.data(), block.size());
        if (count == 0) return content;
        if (count < 0) {
            if (errno == EINTR) continue;
            return system_refusal(errno);
        }
        const auto length = static_cast<std::size_t>(count);
        if (length > limit - content.size()) {
            return Refusal{"it is longer than " + format_size(Bytes{limit})};
        }
        content.append(block.data(), length);
    }
}

}  // namespace pgweir::conf
