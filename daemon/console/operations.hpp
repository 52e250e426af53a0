// What the console may ask of the daemon. Implemented by it; called on the main thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.hpp"
#include "conf/options/setting_name.hpp"
#include "daemon/console/client_counts.hpp"
#include "daemon/console/client_view.hpp"
#include "daemon/console/reload_report.hpp"
#include "pool/lending/registry.hpp"
#include "pool/telling/statistics.hpp"

namespace pgweir::daemon::console {

/// How pgweir is to end.
enum class ShutdownWay : std::uint8_t {
    at_once,                 ///< clients are cut off
    when_servers_are_free,   ///< each client leaves when its work is done
    when_clients_have_left,  ///< nobody is sent away
};

/// One worker, as the console sees it. Any thread.
class WorkerOperations {
  public:
    virtual ~WorkerOperations() = default;
    WorkerOperations() = default;
    WorkerOperations(const WorkerOperations&) = delete;
    WorkerOperations& operator=(const WorkerOperations&) = delete;

    /// Gives `done`, on the worker, what there is to tell about clients and servers, and about
    /// prepared statements if they are asked for.
    virtual void look(bool statements, std::function<void(WorkerView)> done) = 0;
    /// Cuts off the clients of one database, or of all but the console where none is named.
    virtual void kill_clients(std::optional<std::string> database) = 0;
    /// Cuts off the client with this number, if this worker has it. `done` hears, on the worker,
    /// whether it has.
    virtual void kill_client(std::uint64_t id, std::function<void(bool)> done) = 0;
    [[nodiscard]] virtual const pool::WorkerStatistics& statistics() const = 0;
    /// Clients given to this worker that have not ended, whether it knows of them yet or not.
    [[nodiscard]] virtual unsigned clients() const = 0;
};

/// The daemon, as the console sees it.
class Operations {
  public:
    virtual ~Operations() = default;
    Operations() = default;
    Operations(const Operations&) = delete;
    Operations& operator=(const Operations&) = delete;

    [[nodiscard]] virtual std::shared_ptr<const conf::Config> config() const = 0;
    [[nodiscard]] virtual pool::Registry& registry() = 0;
    [[nodiscard]] virtual const ClientCounts& client_counts() const = 0;
    /// What a client's session takes by itself, in bytes.
    [[nodiscard]] virtual std::size_t client_size() const = 0;
    [[nodiscard]] virtual std::vector<WorkerOperations*> workers() const = 0;
    virtual ReloadReport reload() = 0;
    /// Changes a setting until the next reload, for which conf::can_be_changed() holds.
    virtual ReloadReport set(const conf::NamedSetting& setting, std::string_view text) = 0;
    virtual void shut_down(ShutdownWay way) = 0;
    [[nodiscard]] virtual bool is_shutting_down() const = 0;
};

}  // namespace pgweir::daemon::console
