// Where servers live: a worker's share of a pool, as they see it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "conf/config.hpp"
#include "pool/server/server_lifecycle.hpp"
#include "pool/session/session_host.hpp"
#include "pool/session/session_rooms.hpp"
#include "pool/telling/statistics.hpp"
#include "pool/worker/worker_context.hpp"

namespace pgweir::pool {

class Server;
struct ServerConnection;

/// Takes back what its servers have become. Outlives them; all calls come from its worker.
class ServerHome {
  public:
    /// What a server has to pass before it is anybody's (Server::try_out).
    enum class Trial : std::uint8_t {
        login,     ///< it has just logged in, and is asked what that has brought
        probe,     ///< it was idle, and is asked whether it still answers
        defaults,  ///< it was idle, and is asked whether a login would bring something else by now
    };
    /// How a server ended.
    struct End {
        ServerState before;          ///< what it was doing
        std::optional<Trial> trial;  ///< that it has not passed
        ServerClose reason;
        std::string_view detail;
    };

    [[nodiscard]] virtual WorkerContext& context() const = 0;
    [[nodiscard]] virtual PoolStatistics& statistics() = 0;
    [[nodiscard]] virtual const conf::PoolOptions& options() const = 0;
    /// What a server of this home has around its session.
    [[nodiscard]] virtual SessionRooms::Surroundings surroundings(ServerConnection& connection) = 0;
    [[nodiscard]] virtual std::unique_ptr<SessionHost> host(const Server& server) = 0;
    /// Whoever has it keeps alive what the home is part of.
    [[nodiscard]] virtual std::shared_ptr<void> keep_alive() = 0;

    /// It has, and is nobody's yet.
    virtual void passed(Server& server, Trial trial) = 0;
    /// A cancel did not come to its end within cancel_wait_timeout.
    virtual void cancel_timed_out(const Server& server) = 0;
    /// A server is clean and belongs to nobody: to the next client, another worker, or the idle
    /// ones.
    virtual void returned(Server& server) = 0;
    /// A server that has let go of its socket moves.
    virtual void move_out(Server& server, unsigned worker) = 0;
    virtual void closed(Server& server, const End& end) = 0;

    ServerHome() = default;
    ServerHome(const ServerHome&) = delete;
    ServerHome& operator=(const ServerHome&) = delete;
    virtual ~ServerHome() = default;
};

}  // namespace pgweir::pool
