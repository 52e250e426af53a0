// What happens in the pools, for whoever writes the log.
#pragma once

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

    virtual ~Observer() = default;
};

}  // namespace pgweir::pool
