// The pools' events, in the log.
#pragma once

#include "pool/telling/observer.hpp"

namespace pgweir::daemon {

/// Writes a line for each server connection that comes or goes. Thread-safe.
class PoolLog : public pool::Observer {
  public:
    void server_connected(const ServerEvent& event, pool::Clock::duration took) override;
    void server_closed(const ServerEvent& event, pool::ServerClose reason,
                       std::string_view detail) override;
    void connect_failed(std::string_view database, std::string_view user,
                        std::string_view explanation, pool::milliseconds retry_in) override;
    void session_state_leaked(std::string_view database, std::string_view user,
                              std::string_view what) override;
    void auto_database_made(std::string_view database) override;
    void cancel_timed_out(const ServerEvent& event) override;
    void reserve_used(std::string_view database, std::string_view user) override;
};

}  // namespace pgweir::daemon
