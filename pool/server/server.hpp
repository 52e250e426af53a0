// A live server connection on its worker: who has it, and the coroutine that reads it.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "pool/connect/server_connection.hpp"
#include "pool/io/byte_stream.hpp"
#include "pool/io/read_buffer.hpp"
#include "pool/server/reply_delivery.hpp"
#include "pool/server/server_cancel.hpp"
#include "pool/server/server_home.hpp"
#include "pool/server/server_lifecycle.hpp"
#include "pool/server/tenant.hpp"
#include "pool/session/session_keeper.hpp"
#include "pool/telling/statistics.hpp"
#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::pool {

/// One coroutine reads this server for as long as it lives here, so that a server that dies or
/// speaks while idle is noticed at once. It writes what it reads to the tenant and waits for that
/// write before it reads on: the whole of the back-pressure from a slow client. What passes is read
/// by its SessionKeeper, which knows the session.
///
/// Owned by its ServerHome and by its coroutine. Lives on one worker; a server that moves to
/// another worker ends here and begins there around the same ServerConnection.
class Server : public std::enable_shared_from_this<Server>,
               public boost::intrusive::list_base_hook<> {
  public:
    using State = ServerState;

    Server(ServerHome& home, ServerConnection connection);
    /// The socket is libpq's to close.
    ~Server() { stream_.release(); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Starts the reading coroutine.
    void start();

    [[nodiscard]] State state() const { return lifecycle_.state(); }
    [[nodiscard]] const ServerConnection& connection() const { return connection_; }
    /// What the tenant asks of it, save for what stands below, it asks of the session.
    [[nodiscard]] SessionKeeper& session() { return keeper_; }
    [[nodiscard]] ServerCancel& cancels() { return cancels_; }
    /// The tenant says there when it takes replies again.
    [[nodiscard]] ReplyDelivery& replies() { return replies_; }
    /// Null: nobody has it.
    [[nodiscard]] Tenant* tenant() const { return tenant_; }
    /// It logged in by the pool's present configuration, and after all changes that are known.
    [[nodiscard]] bool is_current() const { return host_->is_current(); }

    /// What the server sends next begins a message, and belongs to whoever has it then.
    [[nodiscard]] bool may_be_lent() const { return buffer_.empty() && scanner_.at_boundary(); }

    /// Part of a message has been passed to the tenant and the rest has not: nobody else may write
    /// to the client now.
    [[nodiscard]] bool speaking() const { return replies_.is_waiting() || !scanner_.at_boundary(); }

    /// The tenant stands between two transactions, and nothing is on its way to it.
    [[nodiscard]] bool rests() {
        return keeper_.tracker().releasable() && keeper_.delivery().empty() && !speaking();
    }

    // For the pool.
    void lend_to(Tenant& tenant);
    /// It is nobody's, and no longer idle: is put on trial, then goes to ServerHome::passed().
    /// Without an answer it is closed. `query`: for a probe (`<empty>`: without text).
    void try_out(ServerHome::Trial trial, std::string_view query = {});
    /// `since`: when its last client left.
    void become_idle(Clock::time_point since);
    /// Moves to another worker as soon as the reading coroutine has let go. False when it cannot
    /// move now (part of a message has been read); the caller keeps it.
    [[nodiscard]] bool leave_for(unsigned worker);
    /// Gives up the connection to whoever moves it; this server is over. Only when it has left.
    [[nodiscard]] ServerConnection take_connection();
    void close(ServerClose reason, std::string_view detail);

    // For the tenant.
    /// Makes the server's settings the tenant's, without a request of its own behind that. False:
    /// they are. Otherwise Tenant::set_up_finished() follows.
    bool set_up();
    /// Asks what a trial of the defaults does for a tenant that is about to log in, before it is
    /// told what the server reports; its question_answered() follows. False: there is nothing to
    /// wait for.
    [[nodiscard]] bool confirm_defaults();
    /// Adds to `out` what has to be there before this request of the client's can be handed over.
    /// False: the answer to that decides how, and once SessionKeeper::must_hold_back() is false the
    /// request is to be offered again; or the lease has ended.
    [[nodiscard]] bool make_ready(const protocol::Step& step, Outgoing& out);
    /// A message of the client, or the first part of a long one, is about to be written: adds it to
    /// `out`, behind what has to go before it. `message` is `step`'s bytes; it must stay as it is
    /// until `out` is written.
    void take_request(const protocol::Step& step, Bytes message, Outgoing& out);
    [[nodiscard]] ByteStream& requests() { return stream_; }
    /// If nothing is owed and no transaction is open: asks what there is to ask, then ends the
    /// lease if the tenant does not keep it. Returns whether it has ended.
    bool release_if_done();
    /// Ends the lease in whatever state the server is: it is cleaned or closed before anybody else
    /// gets it. `half_sent`: part of a message was written, so that it can only be closed.
    /// `cancel`: stop what is running, nobody wants the answer.
    void abandon(bool half_sent, bool cancel);
    /// If the tenant is at rest and keeps this server only until others wait: from when on it may
    /// be made to give_up() it.
    [[nodiscard]] std::optional<Clock::time_point> kept_until();
    /// Ends the lease. Settings whose names were not seen are reset, of which the tenant is warned.
    void give_up();

  private:
    // server_stream.cpp: the reading side.
    Task<> run();
    [[nodiscard]] bool scan();
    void after_delivery();

    // server.cpp: lending and cleaning.
    /// To be called behind each call of the session layer.
    bool obey(bool delivers_first = false) {
        return !keeper_.is_stirred() || act_on_news(delivers_first);
    }
    bool act_on_news(bool delivers_first);
    void send_own();
    [[nodiscard]] Tenant* take_tenant();
    void end_lease();
    void pass_trial();
    friend class ServerCancel;
    /// Takes the next step towards a server that can be lent again; called anew whenever something
    /// that was waited for has come.
    void clean();
    void cleaning_took_too_long() { close(ServerClose::dirty, "cleaning took too long"); }
    void kept_long_enough();

    ServerHome& home_;
    std::shared_ptr<void> keep_alive_;  ///< the home must outlive the reading coroutine
    PoolStatistics& statistics_;
    ServerConnection connection_;
    ByteStream stream_;
    ReadBuffer buffer_;
    protocol::FrameScanner scanner_;
    std::unique_ptr<SessionHost> host_;
    SessionKeeper keeper_;
    Tenant* tenant_ = nullptr;
    ServerLifecycle lifecycle_;
    unsigned destination_ = 0;  ///< the worker to move to; meaningful while leaving
    ServerCancel cancels_{*this, home_};
    std::optional<ServerHome::Trial> trial_;  ///< that is under way
    DeadlineOf<Server, &Server::cleaning_took_too_long> cleaning_deadline_{*this};
    DeadlineOf<Server, &Server::kept_long_enough> keep_deadline_{*this};
    ReplyDelivery replies_;
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
