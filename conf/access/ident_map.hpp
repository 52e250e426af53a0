// Maps in the format of pg_ident.conf: which user an outside name may be.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/access/regex.hpp"
#include "conf/problem.hpp"

namespace pgweir::conf {

/// All maps of a file. Immutable.
///
/// PostgreSQL manual, "User Name Maps". `+role` is refused when the file is read: only the server
/// knows who is a member.
class IdentMaps {
  public:
    /// No maps at all: names must be the same.
    [[nodiscard]] static std::shared_ptr<const IdentMaps> none();
    /// Reads a file. Blocks. Problems are added with file, line and column.
    [[nodiscard]] static std::shared_ptr<const IdentMaps> load(const std::string& path,
                                                               std::vector<Problem>& problems);
    [[nodiscard]] static std::shared_ptr<const IdentMaps> parse(std::string_view text,
                                                                const std::string& name,
                                                                std::vector<Problem>& problems);

    /// Whether `system_name` may be `user` by this map; without one (an empty name), whether the
    /// two are the same.
    [[nodiscard]] bool allows(std::string_view map, std::string_view system_name,
                              std::string_view user) const;
    /// The lines of the file that are maps, as they are written.
    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

  private:
    struct Entry {
        std::string map;
        std::string system_name;
        std::optional<Regex> regex;  ///< in place of the system name
        std::string user;
        bool any_user = false;    ///< `all`
        bool uses_group = false;  ///< `\1` in the user stands for the first group
    };
    std::vector<Entry> entries_;
    std::vector<std::string> lines_;
};

}  // namespace pgweir::conf
