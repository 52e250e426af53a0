#include "daemon/process/pool_log.hpp"

#include "daemon/log/log.hpp"
#include "daemon/metrics/reason_names.hpp"

namespace pgweir::daemon {

using conf::LogLevel;

void PoolLog::server_connected(const ServerEvent& event, pool::Clock::duration took) {
    const auto ms = std::chrono::duration_cast<pool::milliseconds>(took).count();
    log::write(LogLevel::info, "server_connected",
               {{"database", event.database},
                {"user", event.user},
                {"server", event.address},
                {"local", event.local},
                {"id", event.id},
                {"server_pid", event.server_pid},
                {"replication", name(event.replication)},
                {"took_ms", ms}});
}

void PoolLog::server_closed(const ServerEvent& event, pool::ServerClose reason,
                            std::string_view detail) {
    const bool unexpected = reason == pool::ServerClose::lost ||
                            reason == pool::ServerClose::dirty ||
                            reason == pool::ServerClose::protocol_error;
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(event.age).count();
    log::write(unexpected ? LogLevel::warning : LogLevel::info, "server_closed",
               {{"database", event.database},
                {"user", event.user},
                {"server", event.address},
                {"id", event.id},
                {"server_pid", event.server_pid},
                {"replication", name(event.replication)},
                {"reason", name(reason)},
                {"detail", detail},
                {"age_s", age}});
}

void PoolLog::connect_failed(std::string_view database, std::string_view user,
                             std::string_view explanation, pool::milliseconds retry_in) {
    log::write(LogLevel::warning, "server_connect_failed",
               {{"database", database},
                {"user", user},
                {"error", explanation},
                {"retry_in_ms", retry_in.count()}});
}

void PoolLog::session_state_leaked(std::string_view database, std::string_view user,
                                   std::string_view what) {
    log::write(LogLevel::error, "session_state_leak",
               {{"database", database}, {"user", user}, {"state", what}});
}

void PoolLog::auto_database_made(std::string_view database) {
    log::write(LogLevel::info, "auto_database", {{"database", database}});
}

void PoolLog::cancel_timed_out(const ServerEvent& event) {
    log::write(LogLevel::warning, "cancel_wait_timeout",
               {{"database", event.database},
                {"user", event.user},
                {"server", event.address},
                {"id", event.id},
                {"server_pid", event.server_pid}});
}

void PoolLog::reserve_used(std::string_view database, std::string_view user) {
    log::write(LogLevel::info, "reserve_pool_used", {{"database", database}, {"user", user}});
}

}  // namespace pgweir::daemon
