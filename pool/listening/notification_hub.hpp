// The one server connection of a pool that listens for all of its clients.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "pool/connect/server_connection.hpp"
#include "pool/io/byte_stream.hpp"
#include "pool/session/notification_merge.hpp"
#include "pool/telling/observer.hpp"
#include "pool/worker/worker_context.hpp"

namespace pgweir::pool {

class Pool;

/// Who asked for channels.
struct Subscription {
    unsigned worker = 0;
    std::uint64_t client = 0;
    std::uint64_t request = 0;  ///< the client's; comes back with the confirmation
};

/// What the hub tells the workers.
struct HubEvent {
    enum class Kind : std::uint8_t {
        notification,
        marker,       ///< a notification of the pool's marker channel
        confirmed,    ///< the channels of a subscription are listened to
        interrupted,  ///< the connection was lost and is back: notifications may have been missed
    };
    Kind kind;
    SharedMessage message;      ///< of a notification: the whole of it, in the server's encoding
    std::string text;           ///< a notification's channel, a marker's token
    Subscription subscription;  ///< meaningful when confirmed
};

/// In the order in which the hub heard them.
using HubEvents = std::shared_ptr<const std::vector<HubEvent>>;

/// Listens to each channel once, whoever many clients want it, and tells the workers what it hears.
/// Connects when there is somebody to listen for, again when the connection is lost, and closes it
/// when nobody has listened for server_idle_timeout. Its connection takes no place of the pool's
/// limits: they are for clients' work, and a pool whose servers are all in use must not keep its
/// clients from being relieved of one.
///
/// Owned by its Pool. Lives on one worker; the public functions may be called from any.
class NotificationHub {
  public:
    NotificationHub(Pool& pool, WorkerContext& context);
    ~NotificationHub();
    NotificationHub(const NotificationHub&) = delete;
    NotificationHub& operator=(const NotificationHub&) = delete;

    /// `worker` listens to these channels too. When all of them are listened to, it is told
    /// `confirmed`.
    void subscribe(const Subscription& subscription, std::vector<std::string> channels);
    /// `worker` does not listen to these any more.
    void unsubscribe(unsigned worker, std::vector<std::string> channels);
    /// Closes a connection that nobody needs, or that an older configuration made. Call now and
    /// then.
    void sweep();
    void shut_down();

  private:
    using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
    using Workers = std::vector<bool>;
    struct Waiting {
        Subscription subscription;
        std::uint64_t until{};  ///< confirmed when `settled_` gets there
    };

    template <typename Action>
    void post(Action action);
    void start_if_needed();
    [[nodiscard]] bool is_wanted() const;
    Task<> run();
    void connected(ServerConnection connection, Clock::duration took);
    Task<std::string> listen();
    [[nodiscard]] bool scan(std::string& problem);
    void take_notification(Bytes body, Bytes message);
    void answered();
    void ask_next();
    void confirm();
    void publish();
    void disconnected(std::string_view problem);
    void add_worker(const std::string& channel, unsigned worker);
    void remove_worker(const std::string& channel, unsigned worker);
    [[nodiscard]] Observer::ServerEvent describe(std::string& address) const;

    Pool& pool_;
    WorkerContext& context_;
    Timer timer_;
    bool running_ = false;
    bool ending_ = false;  ///< the connection is to be given up
    bool shut_down_ = false;
    unsigned generation_ = 0;  ///< of the configuration that the connection was made by

    boost::unordered_flat_map<std::string, Workers> channels_;  ///< who wants what
    std::vector<std::size_t> interest_;                         ///< channels by worker
    Clock::time_point unused_since_;                            ///< meaningful without channels

    std::optional<ServerConnection> connection_;
    std::optional<ByteStream> stream_;
    std::string buffer_;                               ///< read, and not yet looked at
    boost::unordered_flat_set<std::string> listened_;  ///< asked for on this connection
    std::deque<std::string> changed_;  ///< channels that may have to be listened to, or no longer
    std::uint64_t noted_ = 0;          ///< how many there have been on this connection
    std::uint64_t settled_ = 0;        ///< ... that the server has answered for
    std::uint64_t asked_ = 0;          ///< ... that it is asked about now
    bool answering_ = false;           ///< it is
    std::deque<Waiting> waiting_;
    std::optional<std::uint64_t>
        restored_at_;               ///< after a loss: all is back when `settled_` is there
    std::vector<HubEvent> events_;  ///< not told yet
};

}  // namespace pgweir::pool
