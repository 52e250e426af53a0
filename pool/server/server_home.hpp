// Where servers live: a worker's share of a pool, as they see it.
#pragma once

#include <memory>
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
    /// How a server ended.
    struct End {
        ServerState before;    ///< what it was doing
        bool was_introducing;  ///< it had just logged in (ServerHome::introduced)
        bool was_probed;       ///< it was asked whether it still answers (ServerHome::probed)
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

    /// It has logged in, and what that brought is known: it is nobody's yet.
    virtual void introduced(Server& server) = 0;
    /// It still answers, and is nobody's (Server::probe).
    virtual void probed(Server& server) = 0;
    /// A cancel did not come to its end within cancel_wait_timeout.
    virtual void cancel_timed_out(const Server& server) = 0;
    /// A server is clean and belongs to nobody: to the next client, another worker, or the idle
    /// ones.
    virtual void returned(Server& server) = 0;
    /// A server that has let go of its socket moves.
    virtual void move_out(Server& server, unsigned worker) = 0;
    virtual void closed(Server& server, const End& end) = 0;

  protected:
    ~ServerHome() = default;
};

}  // namespace pgweir::pool
