// One client, from its first byte to its last.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "daemon/auth/authentication.hpp"
#include "daemon/client_limits.hpp"
#include "daemon/client_view.hpp"
#include "daemon/console/conversation.hpp"
#include "daemon/exchange.hpp"
#include "daemon/login_room.hpp"
#include "daemon/tls/client_tls.hpp"
#include "pool/byte_stream.hpp"
#include "pool/pool.hpp"
#include "pool/server.hpp"
#include "pool/tenant.hpp"
#include "protocol/startup.hpp"

namespace pgweir::daemon {

class Worker;
namespace console {
struct Order;
}
using pool::ClientClose;
using pool::Clock;
using pool::Timeout;
using protocol::Bytes;
using protocol::ErrorReport;

/// A client's socket as the listener hands it over.
struct AcceptedClient {
    int socket = -1;
    std::string address;  ///< "127.0.0.1:50000", or "unix"
};

/// A coroutine logs the client in, and serves it if it has come for the console. Others are from
/// then on called when they have something to say: their requests go to a server, which is leased
/// while there is something to ask. Replies do not come through here: the server's own coroutine
/// writes them to the client.
///
/// Owned by that coroutine, then by itself; listed by its Worker, on whose io_context alone it may
/// be touched.
class ClientSession : public std::enable_shared_from_this<ClientSession>,
                      public boost::intrusive::list_base_hook<>,
                      private pool::Resumable,
                      private pool::Tenant,
                      private AuthConversation,
                      public console::Host {
  public:
    enum class State : std::uint8_t { login, idle, waiting, active };

    ClientSession(Worker& worker, std::uint64_t id, AcceptedClient client);
    ~ClientSession() override = default;

    /// Starts the coroutine.
    void start();

    /// Ends the session; the client is told `report` if it stands between two messages. Returns at
    /// once: the loop does the rest.
    void end(ClientClose reason, std::optional<ErrorReport> report);
    /// Ends the session when its present work is done: at once when there is none.
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
    [[nodiscard]] std::uint64_t id() const { return session_.id; }
    [[nodiscard]] const std::string& database() const {
        return place_ ? place_.account().database : login_->database;
    }
    [[nodiscard]] const std::string& user() const {
        return place_ ? place_.account().user : login_->user;
    }
    /// It has come for the console, and was let in.
    [[nodiscard]] bool is_console() const { return console_ != nullptr; }
    /// What there is to tell about the client.
    [[nodiscard]] ClientView view() const;
    /// Counts the client at each statement that it has prepared.
    void add_statements(pool::StatementViews& views) const;
    [[nodiscard]] const protocol::CancelKey& cancel_key() const { return cancel_key_; }

  private:
    /// Has the tick look for the client's end for as long as this lives.
    class Unwatched;
    friend struct Exchange;  // whose deadlines are this session's

    using CredentialsPtr = pool::CredentialsPtr;

    // What one look at the requests at hand came to.
    enum class Progress : std::uint8_t { more_input, need_server, need_outcome, ended };
    enum class Reading : std::uint8_t { something, nothing, ended };
    // Where relay() goes on.
    enum class Phase : std::uint8_t {
        scanning,  ///< requests have been read, or may have been
        queued,    ///< for a server
        sending,   ///< a coroutine does
        sent,
        reading,
        asking,   ///< the next request waits for what becomes of an earlier one
        leaving,  ///< the client has said goodbye, and is still to have replies
    };

    void failed(const std::exception_ptr& problem);
    void finish();
    void log_end() const;
    void refuse_pins();
    void log_pin(std::string_view event, pool::PinReason reason) const;
    void set_state(State state);
    [[nodiscard]] Bytes waiting_statement() const;  // client_view.cpp

    // client_login.cpp
    Task<bool> log_in();
    Task<std::optional<protocol::StartupMessage>> negotiate();
    Task<bool> read_packet(protocol::FirstPacket& packet);
    Task<bool> begin_direct_tls();
    Task<bool> answer_encryption_request(bool is_tls);
    Task<bool> start_tls();
    [[nodiscard]] bool must_use_tls() const;
    Task<> carry_cancel(protocol::CancelKey key);
    [[nodiscard]] std::optional<ErrorReport> enter(const CredentialsPtr& credentials);
    void offer_credentials(const conf::Database& entry, const CredentialsPtr& credentials);
    Task<pool::Greeting> obtain_greeting();
    Task<bool> confirm_server();
    Task<bool> borrow_server();
    Task<bool> queue_for_login();
    Task<bool> set_up_server();
    void refuse(ErrorReport report);
    void end_silently(std::string problem);
    void log_login() const;

    // console/console_session.cpp
    [[nodiscard]] bool is_own_user() const;
    Task<> enter_console(const protocol::StartupMessage& startup);
    Task<> serve_console();
    Task<console::Answer> carry_out(const console::Command& command) override;
    [[nodiscard]] console::Asker asker() const override;

    // client_authentication.cpp
    Task<bool> authenticate(CredentialsPtr& credentials);
    [[nodiscard]] ClientFacts facts() const;
    Task<bool> say(std::string_view messages) override;
    Task<std::optional<std::string>> hear(Reply wanted) override;
    Task<AuthAnswer> look_up(AuthQuerySource source, std::string user) override;
    Task<std::optional<PasswordChecker::Answer>> compare(
        std::string password, std::vector<protocol::ScramVerifier> verifiers) override;
    Task<bool> pause(std::chrono::milliseconds time) override;

    // relay.cpp
    void start_relay();
    void resume_now() override;
    void relay();
    void let_others_go_on();
    [[nodiscard]] bool go_on();
    [[nodiscard]] bool read_requests();
    [[nodiscard]] bool look_at_requests();
    [[nodiscard]] bool requests_sent();
    [[nodiscard]] bool may_leave() const;
    Task<> send_slowly();
    void start_sending_slowly();
    void rest_if_done();

    // client_requests.cpp
    [[nodiscard]] Progress scan_requests();
    [[nodiscard]] bool take_request(const protocol::Step& step, Bytes message);
    void hand_over(const protocol::Step& step, Bytes message);
    void take_more(Bytes bytes);
    [[nodiscard]] bool is_acceptable(const protocol::Step& step);
    [[nodiscard]] bool is_acceptable_begin(Bytes begun);
    void take_leave();
    void break_off_copy(std::optional<char> type);
    void note_request();
    [[nodiscard]] bool send_requests();
    void begin_to_wait();
    void stop_waiting();
    void enqueue();
    bool leave_queue();
    void refuse_request(const protocol::Step& step);
    [[nodiscard]] Reading read_now();
    Task<bool> read_more();

    /// Writes to the client; only while no server does. Suspends while the client does not take it.
    Task<bool> send(std::string_view bytes);

    // The rest of pool::Tenant.
    void wake() override;
    void lease_granted(pool::Server& server) override;
    void lease_ended() override;
    pool::TenantSession& session() override { return session_; }
    pool::ByteStream& replies() override { return stream_; }
    void replies_failed() override;
    [[nodiscard]] bool between_requests() const override;
    [[nodiscard]] bool may_release() const override;
    bool accepts(protocol::TransactionStatus status) override;
    void reply_finished(protocol::TransactionStatus status) override;
    void set_up_finished(const std::optional<ErrorReport>& error) override;

    // client_notifications.cpp
    void replies_delivered() override;
    [[nodiscard]] bool takes_replies() const override;
    void notify(const pool::SharedMessage& message) override;
    void channels_confirmed() override;
    [[nodiscard]] bool may_notify() const;
    void write_notifications();
    [[nodiscard]] std::chrono::milliseconds idle_limit() const;
    void name_own_notifications(std::size_t most);
    [[nodiscard]] bool write_fitting_notifications();
    Task<> write_notifications_slowly();

    void question_answered() override;
    void pins_changed(pool::Pins before) override;
    void server_lost(bool may_explain) override;

    // Timeouts: one deadline for what the session is waiting for; one for the query and one for the
    // transaction, in the Exchange.
    void wait_until(Timeout timeout, std::chrono::milliseconds limit);
    void state_expired();
    void query_expired();
    void transaction_expired();
    void time_out(Timeout timeout, std::string_view code, std::string message);
    void expect_next_request();

    [[nodiscard]] const conf::PoolOptions& options() const;
    [[nodiscard]] bool is_logged_in() const { return cancel_key_ != protocol::CancelKey{}; }
    [[nodiscard]] pool::PoolStatistics& statistics() { return part_->statistics(); }

    Worker& worker_;
    std::string address_;
    SslPtr ssl_;  ///< null: it has not asked for it
    pool::ByteStream stream_;
    std::unique_ptr<Exchange> exchange_;  ///< null: at rest; never null with a lease

    struct Login {
        std::shared_ptr<const ClientTls> tls;  ///< null: this client is not offered any
        std::string database;
        std::string user;
        std::string_view method;  ///< how it proved who it is
        std::unique_ptr<const ErrorReport> set_up_error;
        LoginRoom::Ticket ticket;  ///< until it has its place, or is let into the console
        bool confirming = false;   ///< waits for its server's question_answered()
    };
    std::unique_ptr<Login> login_;  ///< null: it is over, and the client has its place
    ClientLimits::Place place_;

    // Who it is; set by the login.
    std::shared_ptr<pool::PoolPart> part_;  ///< its pool's part on this worker, and its pool
    protocol::CancelKey cancel_key_;
    pool::TenantSession session_;
    /// The pool's options with this client's own on top; null where it has none.
    std::unique_ptr<const conf::PoolOptions> own_options_;

    pool::Lease lease_;
    std::shared_ptr<ClientSession> relays_;  ///< itself, once the coroutine has ended
    pool::Readiness::Watch watch_;

    // Small members stand together: thousands of clients have them.
    protocol::Replication replication_ = protocol::Replication::none;
    conf::PoolMode mode_ = conf::PoolMode::transaction;
    State state_ = State::login;
    Phase phase_ = Phase::scanning;
    Progress progress_ = Progress::more_input;  ///< of the latest scan
    Timeout waiting_for_ = Timeout::client_login_timeout;
    bool drained_ = false;    ///< the socket had nothing more when it was last read
    bool sending_ = false;    ///< the server must not be released: a request is about to be written
    bool cancelled_ = false;  ///< taken out of the queue by a CancelRequest
    bool discarding_ = false;  ///< refused in an extended query: messages up to Sync are dropped
    bool draining_ = false;
    bool terminated_ = false;  ///< the client has said its last: Terminate, or what is no message

    struct ConsoleClient {
        console::Conversation conversation;
        std::shared_ptr<console::Order> order;  ///< while it waits for what it has said
    };
    std::unique_ptr<ConsoleClient> console_;  ///< only of who has come for the console

    // Notifications that the client is still to have, oldest first.
    struct UnreadNotifications {
        std::list<pool::SharedMessage> messages;
        std::size_t bytes = 0;
        std::size_t begun = 0;  ///< bytes of the oldest that are written
        bool writing = false;   ///< a coroutine waits until the client takes more
    };
    std::unique_ptr<UnreadNotifications> unread_;  ///< null: none

    struct Ending {
        ClientClose reason{};
        std::optional<ErrorReport> report;
        std::string_view timeout;  ///< the option's name, where a timeout ended it
        std::string untold;        ///< for the log: what the client is not told
    };
    std::unique_ptr<Ending> ending_;  ///< null: it goes on

    Clock::time_point connected_at_;
    Clock::time_point request_at_;  ///< when the latest request was sent
    pool::DeadlineOf<ClientSession, &ClientSession::state_expired> state_deadline_{*this};
};

}  // namespace pgweir::daemon
