// How many clients are logged in, by name; those of the console included.
#pragma once

#include <string>
#include <vector>

namespace pgweir::daemon::console {

/// Implemented by what counts them. Any thread.
class ClientCounts {
  public:
    virtual ~ClientCounts() = default;
    ClientCounts() = default;
    ClientCounts(const ClientCounts&) = delete;
    ClientCounts& operator=(const ClientCounts&) = delete;

    [[nodiscard]] virtual unsigned clients_of_database(const std::string& name) const = 0;
    [[nodiscard]] virtual unsigned clients_of_user(const std::string& name) const = 0;
    /// Who is logged in, each once.
    [[nodiscard]] virtual std::vector<std::string> users() const = 0;
};

}  // namespace pgweir::daemon::console
