#include "pool/lending/pool_login.hpp"

#include <algorithm>

#include "pool/lending/pool.hpp"

namespace pgweir::pool {

namespace {

bool is_about_the_secret(const ConnectFailure& failure) {
    if (failure.secret_unfit) return true;
    return failure.from_server && failure.from_server->code == protocol::sqlstate::invalid_password;
}

}  // namespace

Task<ConnectResult> log_in_for(Pool& pool, asio::io_context& io,
                               std::vector<std::pair<std::string, std::string>> keywords,
                               milliseconds timeout) {
    const auto started = Clock::now();
    keywords = pool.in_order_of_hosts(std::move(keywords));
    std::vector<CredentialsPtr> choice = pool.credentials().in_order();
    if (choice.empty()) co_return co_await connect_server(io, keywords, nullptr, timeout);
    ConnectResult first;
    for (const CredentialsPtr& credentials : choice) {
        milliseconds left = timeout;
        if (timeout > milliseconds::zero()) {
            const auto passed = std::chrono::duration_cast<milliseconds>(Clock::now() - started);
            left = std::max(timeout - passed, milliseconds(1));
        }
        ConnectResult result = co_await connect_server(io, keywords, credentials, left);
        if (result.connection) {
            pool.credentials().accepted(credentials);
            co_return result;
        }
        const bool goes_on = is_about_the_secret(result.failure);
        if (credentials == choice.front() || !goes_on) first = std::move(result);
        if (!goes_on) break;
    }
    co_return first;
}

void count_failure(PoolStatistics& statistics, const ConnectFailure& failure) {
    statistics.server_login_failures.add();
    if (!failure.timed_out) return;
    statistics.timeouts[static_cast<std::size_t>(Timeout::server_connect_timeout)].add();
}

}  // namespace pgweir::pool
