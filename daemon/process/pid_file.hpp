// The file that tells others which process pgweir is.
#pragma once

#include <optional>
#include <string>

namespace pgweir::daemon {

/// Writes this process's id, and removes the file at the end. To be made once the process is the
/// one that stays.
class PidFile {
  public:
    /// An empty path: there is no file.
    explicit PidFile(std::string path);
    ~PidFile();
    PidFile(const PidFile&) = delete;
    PidFile& operator=(const PidFile&) = delete;

    /// Why there is no such file, for people: it cannot be written, or names a process that lives.
    [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

  private:
    std::string path_;
    std::optional<std::string> problem_;
};

}  // namespace pgweir::daemon
