#include "daemon/client/client_worker.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstdint>

#include "daemon/log/log.hpp"
#include "pool/worker/connection_number.hpp"
#include "protocol/wire/message_writer.hpp"

namespace pgweir::daemon {

namespace {

// As long as PostgreSQL's own secrets.
std::size_t secret_words(std::uint32_t version) {
    return version >= protocol::protocol_3_2 ? 8 : 1;
}

ErrorReport killed() {
    return ErrorReport::fatal(protocol::sqlstate::admin_shutdown,
                              "terminating connection due to administrator command");
}

}  // namespace

void ClientWorker::begin(AcceptedClient client) {
    const auto session =
        std::make_shared<ClientSession>(*this, pool::next_connection_number(), std::move(client));
    sessions_.push_back(*session);
    statistics_.clients.add();
    session->start();
    if (closing_) session->end(ClientClose::shutdown, killed());
}

void ClientWorker::remove(ClientSession& session) {
    by_key_.erase(session.key());
    long_secrets_.erase(session.key());
    if (session.is_console()) gateway_.console_clients.fetch_sub(1);
    sessions_.erase(sessions_.iterator_to(session));
    statistics_.clients.subtract();
    clients_.fetch_sub(1, std::memory_order_relaxed);
    if (gateway_.is_shutting_down) gateway_.client_has_left();
}

std::unique_ptr<Exchange> ClientWorker::lend_exchange() {
    return exchanges_.take([this] { return std::make_unique<Exchange>(context_); });
}

void ClientWorker::take_back(std::unique_ptr<Exchange> exchange) {
    exchange->end();
    exchanges_.give_back(std::move(exchange));
}

protocol::CancelKey ClientWorker::issue_key(ClientSession& session, std::uint32_t server_pid,
                                            std::uint32_t version) {
    while (true) {
        const std::uint64_t bits = random_.next();
        // A positive pid, as clients expect.
        const auto random = static_cast<std::uint32_t>(bits >> 32U) & (names_worker - 1);
        const std::uint32_t own = names_worker | (random & ~(max_workers - 1)) | context_.index;
        const bool is_usable = server_pid != 0 && server_pid < names_worker;
        protocol::CancelKey key{.pid = is_usable ? server_pid : own};
        protocol::append_uint32(key.secret, static_cast<std::uint32_t>(bits));
        for (std::size_t i = 1; i < secret_words(version); ++i) {
            protocol::append_uint32(key.secret, static_cast<std::uint32_t>(random_.next()));
        }
        const ShortKey short_key = short_of(key);
        if (!by_key_.emplace(short_key, &session).second) continue;
        if (key.secret.size() > short_secret) long_secrets_.emplace(short_key, key.secret);
        return key;
    }
}

// The time it takes tells nothing of how much of a guessed secret is right.
ClientSession* ClientWorker::find(const protocol::CancelKey& key) const {
    if (key.secret.size() < short_secret) return nullptr;
    const ShortKey short_key = short_of(key);
    const auto found = by_key_.find(short_key);
    if (found == by_key_.end()) return nullptr;
    const auto secret = long_secrets_.find(short_key);
    const bool is_same =
        secret == long_secrets_.end()
            ? key.secret.size() == short_secret
            : secret->second.size() == key.secret.size() &&
                  CRYPTO_memcmp(secret->second.data(), key.secret.data(), key.secret.size()) == 0;
    return is_same ? found->second : nullptr;
}

void ClientWorker::cancel(const protocol::CancelKey& key, std::function<void()> done,
                          const std::function<void()>& otherwise) {
    ClientSession* const session = find(key);
    if (session == nullptr && otherwise) {
        otherwise();
    } else if (session == nullptr) {
        statistics_.cancel_requests_unknown.add();
        log::write(conf::LogLevel::info, "cancel_request_unknown");
        done();
    } else {
        session->cancel_request(std::move(done));
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
    for (auto next = sessions_.begin(); next != sessions_.end();) {
        ClientSession& session = *next++;
        if (!session.is_console()) session.drain();
    }
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
    closing_ = true;
    for (auto next = sessions_.begin(); next != sessions_.end();) {
        (next++)->end(ClientClose::shutdown, killed());
    }
}

void ClientWorker::cut_off() {
    for (auto next = sessions_.begin(); next != sessions_.end();) {
        (next++)->end(ClientClose::shutdown, std::nullopt);
    }
}

}  // namespace pgweir::daemon
