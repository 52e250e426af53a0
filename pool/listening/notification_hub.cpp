#include "pool/listening/notification_hub.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "pool/connect/server_connector.hpp"
#include "pool/io/socket_names.hpp"
#include "pool/lending/pool.hpp"
#include "pool/lending/pool_login.hpp"
#include "pool/lending/pool_sizing.hpp"
#include "pool/session/channel_sql.hpp"
#include "pool/session/notification.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Backend;

namespace {

// How the session of the hub is to be: nobody converts what it hears, and being idle is its work.
constexpr std::string_view session_sql =
    "SELECT pg_catalog.set_config('client_encoding',pg_catalog.current_setting('server_encoding'),"
    "false);SELECT pg_catalog.set_config(name,'0',false) FROM pg_catalog.pg_show_all_settings() "
    "WHERE name OPERATOR(pg_catalog.=) 'statement_timeout' OR "
    "name OPERATOR(pg_catalog.=) 'idle_session_timeout';";

}  // namespace

NotificationHub::NotificationHub(Pool& pool, WorkerContext& context)
    : pool_(pool),
      context_(context),
      timer_(context.io.get_executor()),
      interest_(pool.workers().size()) {}

NotificationHub::~NotificationHub() {
    if (stream_) stream_->release();
}

// --- from the workers ----------------------------------------------------------------------------

template <typename Action>
void NotificationHub::post(Action action) {
    asio::post(context_.io.get_executor(), [keep_alive = pool_.shared_from_this(),
                                            action = std::move(action)]() mutable { action(); });
}

void NotificationHub::subscribe(const Subscription& subscription,
                                std::vector<std::string> channels) {
    post([this, subscription, channels = std::move(channels)] {
        for (const std::string& channel : channels) add_worker(channel, subscription.worker);
        waiting_.push_back({.subscription = subscription, .until = noted_});
        start_if_needed();
        if (!answering_) ask_next();
        publish();
    });
}

void NotificationHub::unsubscribe(unsigned worker, std::vector<std::string> channels) {
    post([this, worker, channels = std::move(channels)] {
        for (const std::string& channel : channels) remove_worker(channel, worker);
        if (!answering_) ask_next();
        publish();
    });
}

void NotificationHub::add_worker(const std::string& channel, unsigned worker) {
    Workers& workers = channels_[channel];
    workers.resize(interest_.size());
    if (workers[worker]) return;
    workers[worker] = true;
    ++interest_[worker];
    changed_.push_back(channel);
    ++noted_;
}

void NotificationHub::remove_worker(const std::string& channel, unsigned worker) {
    const auto found = channels_.find(channel);
    if (found == channels_.end() || !found->second[worker]) return;
    found->second[worker] = false;
    --interest_[worker];
    if (std::ranges::find(found->second, true) != found->second.end()) return;
    channels_.erase(found);
    changed_.push_back(channel);
    ++noted_;
    if (channels_.empty()) unused_since_ = Clock::now();
}

void NotificationHub::sweep() {
    post([this] {
        const auto setup = pool_.setup();
        const milliseconds timeout = setup->options.server_idle_timeout;
        const bool unused = channels_.empty() && timeout > milliseconds::zero() &&
                            Clock::now() - unused_since_ >= timeout;
        if (!stream_ || (!unused && setup->generation == generation_)) return;
        ending_ = true;
        stream_->cancel();
    });
}

void NotificationHub::shut_down() {
    post([this] {
        shut_down_ = true;
        ending_ = true;
        timer_.cancel();
        if (stream_) stream_->cancel();
    });
}

// --- the connection ------------------------------------------------------------------------------

bool NotificationHub::is_wanted() const {
    return !shut_down_ && (!channels_.empty() || !waiting_.empty());
}

void NotificationHub::start_if_needed() {
    if (running_ || !is_wanted()) return;
    running_ = true;
    asio::co_spawn(context_.io.get_executor(), run(), asio::detached);
}

Task<> NotificationHub::run() {
    const auto keep_alive = pool_.shared_from_this();
    unsigned failures = 0;
    while (is_wanted()) {
        const auto setup = pool_.setup();
        const auto started = Clock::now();
        ConnectResult result = co_await log_in_for(pool_, context_.io, setup->connection,
                                                   setup->options.server_connect_timeout);
        std::string problem = result.failure.explanation;
        if (result.failure.from_server) problem = result.failure.from_server->message;
        bool worked = false;
        if (result.connection && !shut_down_) {
            generation_ = setup->generation;
            connected(*std::move(result.connection), Clock::now() - started);
            problem = co_await listen();
            worked = settled_ > 0;
            disconnected(problem);
        }
        failures = worked ? 0 : failures + 1;
        if (failures == 0 || !is_wanted()) continue;
        const milliseconds delay = retry_delay(failures, setup->options.server_login_retry);
        pool_.observer().connect_failed(pool_.database(), pool_.user(), problem, delay);
        timer_.expires_after(delay);
        co_await timer_.async_wait(as_result);
    }
    running_ = false;
}

void NotificationHub::connected(ServerConnection connection, Clock::duration took) {
    connection_.emplace(std::move(connection));
    stream_.emplace(context_.io, context_.late_ends, connection_->socket(), connection_->tls());
    ending_ = false;
    listened_.clear();
    changed_.clear();
    for (const auto& [channel, workers] : channels_) changed_.push_back(channel);
    // One more, for what every session of the hub begins with.
    noted_ = changed_.size() + 1;
    settled_ = 0;
    for (Waiting& waiting : waiting_) waiting.until = noted_;
    if (restored_at_) restored_at_ = noted_;
    std::string address;
    const std::string local = local_end(connection_->socket());
    Observer::ServerEvent event = describe(address);
    event.local = local;
    pool_.observer().server_connected(event, took);

    std::string sql(session_sql);
    sql += listen_sql(pool_.marker_channel());
    std::string request;
    protocol::append_query(request, sql);
    const iovec part = to_iovec(request);
    ending_ = stream_->write({&part, 1}).size != request.size();
    asked_ = 1;
    answering_ = true;
}

// Reads until the connection is over; says why.
Task<std::string> NotificationHub::listen() {
    std::array<char, 16384> room{};
    std::string problem;
    while (!ending_) {
        const IoResult result = stream_->read(room);
        if (result.status == IoResult::Status::would_block) {
            co_await stream_->readable();
            continue;
        }
        if (result.status != IoResult::Status::done) {
            co_return result.error ? result.error.message() : "closed by the server";
        }
        buffer_.append(room.data(), result.size);
        const bool goes_on = scan(problem);
        publish();
        if (!goes_on) co_return problem;
    }
    co_return problem;
}

bool NotificationHub::scan(std::string& problem) {
    Bytes rest = buffer_;
    while (rest.size() >= protocol::header_size) {
        const std::size_t size = protocol::read_uint32(rest.substr(1)) + 1;
        // Nothing that it is told is long.
        constexpr std::size_t longest = 1U << 20U;
        if (size < protocol::header_size || size > longest) {
            problem = "a message of impossible length";
            return false;
        }
        if (rest.size() < size) break;
        const Bytes message = rest.substr(0, size);
        const Bytes body = message.substr(protocol::header_size);
        rest.remove_prefix(size);
        switch (static_cast<Backend>(message.front())) {
            case Backend::notification_response:
                take_notification(body, message);
                break;
            case Backend::error_response:
                problem = protocol::parse_error_report(body).message;
                return false;
            case Backend::ready_for_query:
                answered();
                break;
            default:
                break;
        }
    }
    buffer_.erase(0, buffer_.size() - rest.size());
    return true;
}

void NotificationHub::take_notification(Bytes body, Bytes message) {
    const auto notification = parse_notification(body);
    if (!notification) return;
    if (notification->channel == pool_.marker_channel()) {
        events_.push_back(
            {.kind = HubEvent::Kind::marker, .text = std::string(notification->payload)});
        return;
    }
    std::string channel(notification->channel);
    if (!channels_.contains(channel)) return;
    events_.push_back({.kind = HubEvent::Kind::notification,
                       .message = std::make_shared<const std::string>(message),
                       .text = std::move(channel)});
}

void NotificationHub::answered() {
    answering_ = false;
    settled_ += std::exchange(asked_, 0);
    if (restored_at_ && settled_ >= *restored_at_) {
        restored_at_.reset();
        pool_.part(context_.index).statistics().notification_interruptions.add();
        events_.push_back({.kind = HubEvent::Kind::interrupted});
    }
    ask_next();
}

// What is asked at a time fits into the socket of a server that waits for it.
void NotificationHub::ask_next() {
    if (!stream_ || ending_) return;
    constexpr std::size_t most = 50;
    std::string sql;
    std::size_t statements = 0;
    for (; !changed_.empty() && statements < most; changed_.pop_front()) {
        ++asked_;
        const std::string& channel = changed_.front();
        const bool wanted = channels_.contains(channel);
        if (wanted == listened_.contains(channel)) continue;
        sql += (wanted ? listen_sql(channel) : unlisten_sql(channel)) + ';';
        ++statements;
        if (wanted) {
            listened_.insert(channel);
        } else {
            listened_.erase(channel);
        }
    }
    if (statements == 0) {
        settled_ += std::exchange(asked_, 0);
        confirm();
        return;
    }
    confirm();
    std::string request;
    protocol::append_query(request, sql);
    const iovec part = to_iovec(request);
    answering_ = true;
    if (stream_->write({&part, 1}).size == request.size()) return;
    ending_ = true;
    stream_->cancel();
}

void NotificationHub::confirm() {
    while (!waiting_.empty() && waiting_.front().until <= settled_) {
        events_.push_back(
            {.kind = HubEvent::Kind::confirmed, .subscription = waiting_.front().subscription});
        waiting_.pop_front();
    }
}

void NotificationHub::publish() {
    if (events_.empty()) return;
    const auto events = std::make_shared<const std::vector<HubEvent>>(std::exchange(events_, {}));
    for (unsigned worker = 0; worker < interest_.size(); ++worker) {
        if (interest_[worker] > 0) {
            pool_.workers().post(worker,
                                 [events](PoolPart& part) { part.listeners().hub_said(*events); });
        }
    }
}

void NotificationHub::disconnected(std::string_view problem) {
    // Whoever was served by this connection is told when the next one listens.
    if (settled_ > 0 && !listened_.empty()) restored_at_ = noted_;
    if (channels_.empty()) restored_at_.reset();
    const ServerClose reason = shut_down_          ? ServerClose::shutdown
                               : !ending_          ? ServerClose::lost
                               : channels_.empty() ? ServerClose::idle
                                                   : ServerClose::retired;
    std::string address;
    pool_.observer().server_closed(describe(address), reason, problem);
    stream_->release();
    stream_.reset();
    connection_.reset();
    buffer_.clear();
    answering_ = false;
    asked_ = 0;
}

Observer::ServerEvent NotificationHub::describe(std::string& address) const {
    address = connection_->address.to_string();
    return {.database = pool_.database(),
            .user = pool_.user(),
            .address = address,
            .server_pid = static_cast<int>(connection_->cancel_key.pid),
            .id = connection_->id,
            .age = Clock::now() - connection_->connected_at};
}

}  // namespace pgweir::pool
