// A live server connection on its worker: who has it, what is owed, and the coroutine that reads
// it.
#pragma once

#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pool/byte_stream.hpp"
#include "pool/read_buffer.hpp"
#include "pool/server_connection.hpp"
#include "pool/statistics.hpp"
#include "pool/tenant.hpp"
#include "protocol/frame_scanner.hpp"
#include "protocol/request_tracker.hpp"

namespace pgweir::pool {

class Pool;
class PoolPart;

/// One coroutine reads this server for as long as it lives here, so that a server that dies or
/// speaks while idle is noticed at once. It writes what it reads to the tenant and waits for that
/// write before it reads on: the whole of the back-pressure from a slow client.
///
/// Owned by its PoolPart and by its coroutine. Lives on one worker; a server that moves to another
/// worker ends here and begins there around the same ServerConnection.
class Server : public std::enable_shared_from_this<Server>,
               public boost::intrusive::list_base_hook<> {
  public:
    enum class State : std::uint8_t {
        idle,      ///< in the pool, to be lent
        leased,    ///< a tenant has it
        cleaning,  ///< between tenants: finishing, rolling back, resetting, or a cancel on its way
        leaving,   ///< about to move to another worker
        closed,
    };

    Server(PoolPart& part, ServerConnection connection);
    /// The socket is libpq's to close.
    ~Server() { stream_.release(); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Starts the reading coroutine.
    void start();

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] const ServerConnection& connection() const { return connection_; }
    [[nodiscard]] const protocol::RequestTracker& tracker() const { return tracker_; }
    [[nodiscard]] Clock::time_point idle_since() const { return idle_since_; }

    /// What the server sends next begins a message, and belongs to whoever has it then.
    [[nodiscard]] bool may_be_lent() const { return buffer_.empty() && scanner_.at_boundary(); }

    /// Part of a message has been passed to the tenant and the rest has not: nobody else may write
    /// to the client now.
    [[nodiscard]] bool speaking() const { return delivering_ || !scanner_.at_boundary(); }

    // For the pool.
    void lend_to(Tenant& tenant);
    void become_idle(Clock::time_point now);
    /// Moves to another worker as soon as the reading coroutine has let go. False when it cannot
    /// move now (part of a message has been read); the caller keeps it.
    [[nodiscard]] bool leave_for(unsigned worker);
    /// Gives up the connection to whoever moves it; this server is over. Only when it has left.
    [[nodiscard]] ServerConnection take_connection();
    void close(ServerClose reason, std::string_view detail);

    // For the tenant.
    /// What to send before the client's own request so that the session has these settings; empty
    /// when it has them. The tracker is told.
    [[nodiscard]] std::string set_up(const SettingsPtr& settings);
    /// A message of the client is about to be written.
    void sending(protocol::Frontend type) { tracker_.sent(type); }
    [[nodiscard]] ByteStream& requests() { return stream_; }
    [[nodiscard]] PoolPart& part() { return part_; }
    /// Ends the lease if nothing is owed and the tenant agrees. Returns whether it did.
    bool release_if_done();
    /// Ends the lease in whatever state the server is: it is cleaned or closed before anybody else
    /// gets it. `half_sent`: part of a message was written, so that it can only be closed.
    /// `cancel`: stop what is running, nobody wants the answer.
    void abandon(bool half_sent, bool cancel);
    /// Sends a CancelRequest for what is running now. The server is lent to nobody else before the
    /// request has arrived and taken effect.
    /// `done` is called when it has, or when it never will.
    void cancel_query(std::function<void()> done = {});

  private:
    // server_stream.cpp: the reading side.
    Task<> run();
    [[nodiscard]] bool scan();
    [[nodiscard]] bool take_frame(const protocol::Step& step);
    void take_parameter_status(protocol::Bytes body, protocol::Origin origin);
    void take_error(protocol::Bytes body, const protocol::Verdict& verdict);
    void take_ready(const protocol::Verdict& verdict);
    void forward(protocol::Bytes bytes);
    void forget_forward();
    [[nodiscard]] bool deliver_now();
    Task<> deliver();
    void after_delivery();
    void lost(ServerClose reason, std::string_view detail);

    // server.cpp: lending and cleaning.
    void end_lease();
    void clean();
    void ask(std::string_view sql);
    void send(std::string_view bytes);
    Task<> carry_cancel();
    void cleaning_took_too_long() { close(ServerClose::dirty, "cleaning took too long"); }

    PoolPart& part_;
    std::shared_ptr<Pool> keep_alive_;  ///< the part's pool must outlive the reading coroutine
    ServerConnection connection_;
    ByteStream stream_;
    ReadBuffer buffer_;
    protocol::FrameScanner scanner_;
    protocol::RequestTracker tracker_;
    Tenant* tenant_ = nullptr;
    State state_ = State::cleaning;
    Clock::time_point idle_since_;
    unsigned destination_ = 0;  ///< the worker to move to; meaningful while leaving
    unsigned cancels_under_way_ = 0;
    std::vector<std::function<void()>> cancel_done_;  ///< who waits for it
    bool cancel_uncertain_ = false;                   ///< a cancel may still arrive some time
    bool needs_reset_ = false;  ///< a tenant left in a way that server_reset_query must mend
    bool said_fatal_ = false;
    /// What cleaning has asked, so that it asks nothing twice.
    enum class Asked : std::uint8_t { nothing, rollback, reset };
    Asked asked_ = Asked::nothing;
    std::optional<protocol::ErrorReport> pool_error_;  ///< of pgweir's own request now under way
    DeadlineOf<Server, &Server::cleaning_took_too_long> cleaning_deadline_{*this};

    // What the present buffer holds for the tenant; empty between two reads.
    std::vector<iovec> forward_;
    std::span<iovec> undelivered_;
    bool delivering_ = false;  ///< the coroutine waits for the tenant to take it
    unsigned replies_finished_ = 0;
    bool pool_reply_finished_ = false;
};

/// A right to use a server. Move-only; whoever drops it gives the server back in need of cleaning.
class Lease {
  public:
    Lease() = default;
    explicit Lease(Server& server) : server_(server.shared_from_this()) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept = default;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    // NOLINTNEXTLINE(bugprone-exception-escape): without memory to clean up there is no going on
    ~Lease() {
        if (server_) server_->abandon(true, true);
    }
    explicit operator bool() const { return server_ != nullptr; }
    Server* operator->() const { return server_.get(); }
    /// The server took itself back.
    void forget() { server_.reset(); }

  private:
    std::shared_ptr<Server> server_;
};

}  // namespace pgweir::pool
