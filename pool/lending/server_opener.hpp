// When a worker opens connections that clients share, and what happens to waiting clients if it
// cannot.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "pool/io/asio.hpp"
#include "pool/io/deadlines.hpp"
#include "pool/telling/statistics.hpp"

namespace pgweir::pool {

class PoolPart;
class Server;
struct ConnectFailure;
struct Outage;
struct ServerConnection;

/// Makes the connections of one part of a pool, as many as clients wait, within the limits. A
/// failed attempt is the whole pool's: all its workers repeat it at one pace, and tell their
/// clients.
///
/// Lives in a PoolPart; touch only from its worker. Never suspends.
class ServerOpener {
  public:
    explicit ServerOpener(PoolPart& part) : part_(part) {}

    /// Gets servers for the clients that wait in the part's queue: another worker's idle one, a new
    /// connection, or one that others give up.
    void open_for_waiting();
    /// Opens one connection that nobody waits for.
    void open_for_minimum();
    /// What the login of a new server has brought is known, or nobody asks.
    void introduced(Server& server);
    /// The server was closed before that.
    void introduction_failed(ServerClose reason, std::string_view detail);
    /// It has been idle for so long that it is asked whether it still answers before it is lent.
    [[nodiscard]] bool is_probe_due(const Server& server) const;
    /// Asks an idle server, which is out of the idle ones by now, whether it still answers; it
    /// counts as one that is being made.
    void probe(Server& server);
    /// It has answered.
    void probed(Server& server);
    /// It was closed before that.
    void probe_failed();
    /// How many are asked.
    [[nodiscard]] unsigned probing() const { return probing_; }
    /// The latest attempt of some worker has failed.
    void outage_announced();

  private:
    void start_connecting();
    Task<> connect();
    void connected(ServerConnection connection, Clock::duration took);
    void connect_failed(ConnectFailure failure);
    void note_failure(ConnectFailure failure);
    [[nodiscard]] bool take_reserve();
    [[nodiscard]] bool may_try(const Outage& outage);
    [[nodiscard]] Clock::time_point look_who_is_served(Clock::time_point now);
    void tell_and_retry(const Outage& outage);
    void retry_at(Clock::time_point when);

    PoolPart& part_;
    unsigned connecting_ = 0;  ///< begun, and not introduced yet; also those that are asked
    unsigned probing_ = 0;
    std::optional<Clock::time_point> next_look_;
    std::uint64_t leases_seen_ = 0;  ///< when it was last looked whether clients are served
    Clock::time_point served_until_;
};

}  // namespace pgweir::pool
