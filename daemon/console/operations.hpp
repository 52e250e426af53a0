// What the console may ask of the daemon. Implemented by it; called on the main thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "conf/config.hpp"
#include "daemon/client_limits.hpp"
#include "daemon/reconfiguration.hpp"
#include "pool/registry.hpp"

namespace pgweir::daemon {

class Worker;

namespace console {

/// How pgweir is to end.
enum class ShutdownWay : std::uint8_t {
    at_once,                 ///< clients are cut off
    when_servers_are_free,   ///< each client leaves when its work is done
    when_clients_have_left,  ///< nobody is sent away
};

class Operations {
  public:
    virtual ~Operations() = default;
    Operations() = default;
    Operations(const Operations&) = delete;
    Operations& operator=(const Operations&) = delete;

    [[nodiscard]] virtual std::shared_ptr<const conf::Config> config() const = 0;
    [[nodiscard]] virtual pool::Registry& registry() = 0;
    [[nodiscard]] virtual const ClientLimits& limits() const = 0;
    [[nodiscard]] virtual const std::vector<std::unique_ptr<Worker>>& workers() const = 0;
    virtual ReloadReport reload() = 0;
    virtual ReloadReport set(const conf::Option& option, std::string_view text) = 0;
    virtual void shut_down(ShutdownWay way) = 0;
    [[nodiscard]] virtual bool is_shutting_down() const = 0;
};

}  // namespace console
}  // namespace pgweir::daemon
