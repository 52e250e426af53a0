// What happens in the pools, for whoever writes the log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pool/io/deadlines.hpp"
#include "pool/telling/statistics.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::pool {

/// Told of the events of all pools. Called from any worker, often from several at once.
class Observer {
  public:
    struct ServerEvent {
        std::string_view database;
        std::string_view user;
        std::string_view address;
        int server_pid = 0;
        std::uint64_t id = 0;    ///< pgweir's own number of the connection
        std::string_view local;  ///< pgweir's end of it; empty when it is gone
        Clock::duration age{};
        protocol::Replication replication = protocol::Replication::none;
    };
    virtual void server_connected(const ServerEvent& event, Clock::duration took) = 0;
    virtual void server_closed(const ServerEvent& event, ServerClose reason,
                               std::string_view detail) = 0;
    /// `retry_in`: until the pool tries again if somebody waits; 0: it is the client's to try
    /// again.
    virtual void connect_failed(std::string_view database, std::string_view user,
                                std::string_view explanation, milliseconds retry_in) = 0;
    /// A session had what no statement that was seen could have left (verify_session_state).
    virtual void session_state_leaked(std::string_view database, std::string_view user,
                                      std::string_view what) = 0;

    /// The first pool of a database that has no entry of its own but `*`.
    virtual void auto_database_made(std::string_view database) { static_cast<void>(database); }
    /// A cancel request did not reach this server in time.
    virtual void cancel_timed_out(const ServerEvent& event) { static_cast<void>(event); }
    /// A connection of the reserve is opened, as a client has waited for reserve_pool_timeout.
    virtual void reserve_used(std::string_view database, std::string_view user) {
        static_cast<void>(database);
        static_cast<void>(user);
    }

    virtual ~Observer() = default;
};

}  // namespace pgweir::pool
