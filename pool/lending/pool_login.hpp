// A pool's login to its server, with whichever of the known secrets it accepts.
#pragma once

#include "pool/connect/server_connector.hpp"
#include "pool/io/asio.hpp"
#include "pool/telling/statistics.hpp"

namespace pgweir::pool {

class Pool;

/// Connects with these keywords, as connect_server() does, and with each of the pool's credentials
/// in turn while the server refuses the secret. Where it refuses all, the failure is that of the
/// first. `timeout` is for all attempts together; 0: none. The pool must live as long. Suspends.
Task<ConnectResult> log_in_for(Pool& pool, asio::io_context& io,
                               std::vector<std::pair<std::string, std::string>> keywords,
                               milliseconds timeout);

/// Counts a login that has failed.
void count_failure(PoolStatistics& statistics, const ConnectFailure& failure);

}  // namespace pgweir::pool
