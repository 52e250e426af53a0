// How many clients are logged in, by name.
#pragma once

#include <string>

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
};

}  // namespace pgweir::daemon::console
