// One client, from its first byte to its last.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/client/client_connection.hpp"
#include "daemon/client/client_limits.hpp"
#include "daemon/client/client_relay.hpp"
#include "daemon/client/client_tenant.hpp"
#include "daemon/client/client_timeouts.hpp"
#include "daemon/console/client_view.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::daemon {

class ClientLogin;
class ClientWorker;
using pool::ClientClose;
using pool::Clock;
using protocol::ErrorReport;

/// Who a client is, and how its session ends. The rest is done by its parts: a ClientLogin logs the
/// client in, and serves it if it has come for the console; the ClientTenant has a server while
/// there is something to ask; the ClientRelay brings requests there. Replies do not come through
/// here: the server's own coroutine writes them to the client.
///
/// Owned by the login's coroutine, then by its relay; listed by its ClientWorker, on whose
/// io_context alone it may be touched. Nothing here suspends.
class ClientSession : public std::enable_shared_from_this<ClientSession>,
                      public boost::intrusive::list_base_hook<> {
  public:
    enum class State : std::uint8_t { login, idle, waiting, active };

    ClientSession(ClientWorker& worker, std::uint64_t id, AcceptedClient client);
    ClientSession(const ClientSession&) = delete;
    ClientSession& operator=(const ClientSession&) = delete;
    ~ClientSession();

    /// Starts the coroutine of the login.
    void start();

    /// Ends the session; the client is told `report` if it stands between two messages. Returns at
    /// once: the loop does the rest.
    void end(ClientClose reason, std::optional<ErrorReport> report);
    /// Ends the session when its present work is done and its server free: at once when it has no
    /// server, also if it waits for one.
    void drain();
    /// A CancelRequest with this client's key has come: cancels what its server is doing, or takes
    /// it out of the queue. Does nothing for a client that has nothing under way.
    /// `done` is called, on this worker, when it has taken effect or never will.
    void cancel_request(std::function<void()> done);
    /// Ends the session if its client has not logged in: others have come that want to.
    void make_room();
    /// Ends the session if its client has gone while nothing reads it. To be called now and then.
    void look_for_end();
    /// The configuration has changed.
    void reconfigure();

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] std::uint64_t id() const { return tenant_.session().id; }
    [[nodiscard]] const std::string& database() const;
    [[nodiscard]] const std::string& user() const;
    /// It has come for the console, and was let in.
    [[nodiscard]] bool is_console() const;
    /// What there is to tell about the client.
    [[nodiscard]] ClientView view() const;
    /// Counts the client at each statement that it has prepared.
    void add_statements(pool::StatementViews& views) const;
    /// Of the key by which a CancelRequest finds it (ClientWorker::ShortKey); 0: it has none, as it
    /// is not logged in.
    [[nodiscard]] std::uint64_t key() const { return key_; }

    // For its parts.
    [[nodiscard]] ClientWorker& worker() const { return worker_; }
    [[nodiscard]] ClientConnection& connection() { return connection_; }
    [[nodiscard]] ClientTenant& tenant() { return tenant_; }
    [[nodiscard]] ClientRelay& relay() { return relay_; }
    [[nodiscard]] ClientTimeouts& timeouts() { return timeouts_; }
    /// Null: the client is logged in, or was.
    [[nodiscard]] ClientLogin* login() const { return login_.get(); }

    /// Only with a pool.
    [[nodiscard]] const conf::PoolOptions& options() const;
    [[nodiscard]] conf::PoolMode mode() const { return mode_; }
    [[nodiscard]] bool is_draining() const { return draining_; }
    void set_state(State state);

    /// Why a session ends.
    struct Ending {
        ClientClose reason{};
        std::optional<ErrorReport> report;
        std::string_view timeout;  ///< the option's name, where a timeout ended it
        std::string untold;        ///< for the log: what the client is not told
    };
    /// Null: the session goes on.
    [[nodiscard]] const Ending* ending() const { return ending_.get(); }
    /// As end(), but the log alone is told the problem, as by PostgreSQL where it writes to its log
    /// only.
    void end_silently(std::string problem);
    /// As end(), because of a timeout.
    void time_out(pool::Timeout timeout, ErrorReport report);
    /// As end(), with what went wrong in one of its coroutines: the last catch.
    void failed(const std::exception_ptr& problem);
    /// The client has said its last: Terminate, or what is no message.
    void terminate() { terminated_ = true; }
    [[nodiscard]] bool is_terminated() const { return terminated_; }
    /// The end: tells the client why, closes its connection and leaves all lists. May destroy the
    /// session.
    void finish();

    /// As its StartupMessage says.
    void set_replication(protocol::Replication replication) { replication_ = replication; }
    /// The client is let in: it has this place, and servers of this pool.
    void enter(ClientLimits::Place place, std::shared_ptr<pool::PoolPart> part,
               conf::PoolMode mode);
    /// The key by which a CancelRequest finds this client. `server_pid`: as ClientWorker::issue_key
    /// has it.
    [[nodiscard]] protocol::CancelKey issue_key(std::uint32_t server_pid, std::uint32_t version);

  private:
    void log_end() const;
    /// Of a client with a lease: whether its server would be free without it.
    [[nodiscard]] bool gives_up_server() const;

    ClientWorker& worker_;
    ClientConnection connection_;
    std::unique_ptr<ClientLogin> login_;  ///< null: it is over; never null for a console client
    ClientLimits::Place place_;
    /// The pool's options with this client's own on top; null where it has none.
    std::unique_ptr<const conf::PoolOptions> own_options_;
    std::unique_ptr<Ending> ending_;
    Clock::time_point connected_at_;
    std::uint64_t key_ = 0;

    // Small members stand together: thousands of clients have them.
    protocol::Replication replication_ = protocol::Replication::none;
    conf::PoolMode mode_ = conf::PoolMode::transaction;
    State state_ = State::login;
    bool draining_ = false;
    bool terminated_ = false;

    ClientTimeouts timeouts_{*this};
    ClientRelay relay_;
    ClientTenant tenant_;  ///< destroyed first: the end of a lease may ask any of the others
};

inline ClientTenant& ClientRelay::tenant() const {
    return client_->tenant();
}

}  // namespace pgweir::daemon
