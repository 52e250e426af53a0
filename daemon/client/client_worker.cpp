#include "daemon/client/client_worker.hpp"

#include <algorithm>

#include "daemon/log/log.hpp"

namespace pgweir::daemon {

namespace {

std::uint64_t by_key(const protocol::CancelKey& key) {
    return std::uint64_t{key.pid} << 32U | key.secret;
}

ErrorReport killed() {
    return ErrorReport::fatal(protocol::sqlstate::admin_shutdown,
                              "terminating connection due to administrator command");
}

}  // namespace

void ClientWorker::begin(AcceptedClient client) {
    const auto session = std::make_shared<ClientSession>(*this, gateway_.next_client.fetch_add(1),
                                                         std::move(client));
    sessions_.push_back(*session);
    statistics_.clients.add();
    session->start();
    if (draining_) session->drain();
}

void ClientWorker::remove(ClientSession& session) {
    if (session.cancel_key() != protocol::CancelKey{}) by_key_.erase(by_key(session.cancel_key()));
    if (session.is_console()) gateway_.console_clients.fetch_sub(1);
    sessions_.erase(sessions_.iterator_to(session));
    statistics_.clients.subtract();
    clients_.fetch_sub(1, std::memory_order_relaxed);
    end_if_empty();
}

std::unique_ptr<Exchange> ClientWorker::lend_exchange() {
    return exchanges_.take([this] { return std::make_unique<Exchange>(context_); });
}

void ClientWorker::take_back(std::unique_ptr<Exchange> exchange) {
    exchange->end();
    exchanges_.give_back(std::move(exchange));
}

void ClientWorker::end_if_empty() {
    if (draining_ && sessions_.empty()) gateway_.worker_is_empty();
}

protocol::CancelKey ClientWorker::issue_key(ClientSession& session, std::uint32_t server_pid) {
    while (true) {
        const std::uint64_t bits = random_.next();
        // A positive pid, as clients expect.
        const auto random = static_cast<std::uint32_t>(bits >> 32U) & (names_worker - 1);
        const std::uint32_t own = names_worker | (random & ~(max_workers - 1)) | context_.index;
        const bool is_usable = server_pid != 0 && server_pid < names_worker;
        const protocol::CancelKey key{.pid = is_usable ? server_pid : own,
                                      .secret = static_cast<std::uint32_t>(bits)};
        if (by_key_.emplace(by_key(key), &session).second) return key;
    }
}

void ClientWorker::cancel(const protocol::CancelKey& key, std::function<void()> done,
                          const std::function<void()>& otherwise) {
    const auto found = by_key_.find(by_key(key));
    if (found == by_key_.end() && otherwise) {
        otherwise();
    } else if (found == by_key_.end()) {
        statistics_.cancel_requests_unknown.add();
        log::write(conf::LogLevel::info, "cancel_request_unknown");
        done();
    } else {
        found->second->cancel_request(std::move(done));
    }
}

void ClientWorker::reconfigure(std::shared_ptr<const conf::Config> config) {
    config_ = std::move(config);
    for (ClientSession& session : sessions_) session.reconfigure();
}

WorkerView ClientWorker::view(bool statements) {
    WorkerView view;
    for (const ClientSession& session : sessions_) {
        view.clients.push_back(session.view());
        if (statements) session.add_statements(view.statements);
    }
    for (const auto& pool : gateway_.registry.all()) {
        const pool::PoolPart& part = pool->part(context_.index);
        pool::add_views(part, view.servers);
        if (statements) pool::add_statements(part, view.statements);
    }
    return view;
}

void ClientWorker::look_for_ends() {
    for (auto next = unwatched.begin(); next != unwatched.end();) (next++)->session->look_for_end();
}

void ClientWorker::drain() {
    draining_ = true;
    for (auto next = sessions_.begin(); next != sessions_.end();) (next++)->drain();
    end_if_empty();
}

void ClientWorker::kill_clients(const std::optional<std::string>& database) {
    for (auto next = sessions_.begin(); next != sessions_.end();) {
        ClientSession& session = *next++;
        const bool meant = database ? session.database() == *database : !session.is_console();
        if (meant) session.end(ClientClose::killed, killed());
    }
}

bool ClientWorker::kill_client(std::uint64_t id) {
    const auto found = std::ranges::find(sessions_, id, &ClientSession::id);
    if (found == sessions_.end()) return false;
    found->end(ClientClose::killed, killed());
    return true;
}

void ClientWorker::close_clients() {
    draining_ = true;
    for (auto next = sessions_.begin(); next != sessions_.end();) {
        (next++)->end(ClientClose::shutdown, killed());
    }
    end_if_empty();
}

void ClientWorker::cut_off() {
    for (auto next = sessions_.begin(); next != sessions_.end();) {
        (next++)->end(ClientClose::shutdown, std::nullopt);
    }
}

}  // namespace pgweir::daemon
