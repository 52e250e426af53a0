// A live server connection on its worker: who has it, what is owed, and the coroutine that reads
// it.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "pool/connect/server_connection.hpp"
#include "pool/io/byte_stream.hpp"
#include "pool/io/read_buffer.hpp"
#include "pool/io/wake_up.hpp"
#include "pool/lending/catalogue_upkeep.hpp"
#include "pool/lending/sequence_readers.hpp"
#include "pool/server/server_lifecycle.hpp"
#include "pool/server/tenant.hpp"
#include "pool/session/catalogue.hpp"
#include "pool/session/channel_handover.hpp"
#include "pool/session/cleaning.hpp"
#include "pool/session/latest_statement.hpp"
#include "pool/session/mentioned_settings.hpp"
#include "pool/session/outgoing.hpp"
#include "pool/session/questions.hpp"
#include "pool/session/request_order.hpp"
#include "pool/session/request_writer.hpp"
#include "pool/session/session_context.hpp"
#include "pool/session/session_state.hpp"
#include "pool/session/set_up.hpp"
#include "pool/session/setting_reports.hpp"
#include "pool/session/startup_settings.hpp"
#include "pool/session/statement_translator.hpp"
#include "pool/session/suspicion.hpp"
#include "pool/telling/statistics.hpp"
#include "protocol/sql/login_change.hpp"
#include "protocol/sql/setting_fate.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/frame_scanner.hpp"
#include "protocol/wire/request_tracker.hpp"

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
    using State = ServerState;

    Server(PoolPart& part, ServerConnection connection);
    /// The socket is libpq's to close.
    ~Server() { stream_.release(); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Starts the reading coroutine.
    void start();

    [[nodiscard]] State state() const { return lifecycle_.state(); }
    [[nodiscard]] const ServerConnection& connection() const { return connection_; }
    [[nodiscard]] const protocol::RequestTracker& tracker() const { return tracker_; }
    /// It logged in by the pool's present configuration, and after all changes that are known.
    [[nodiscard]] bool is_current() const;
    [[nodiscard]] Clock::time_point idle_since() const { return idle_since_; }

    /// The statement that it was asked last, or its beginning. Empty where only the server knows
    /// it: in session pooling, of what was prepared before.
    [[nodiscard]] Bytes latest_statement() const { return latest_.shown(); }

    /// A CancelRequest for it is on its way.
    [[nodiscard]] bool is_being_cancelled() const { return is_being_cancelled_; }

    /// What the server sends next begins a message, and belongs to whoever has it then.
    [[nodiscard]] bool may_be_lent() const { return buffer_.empty() && scanner_.at_boundary(); }

    /// It has just logged in, and is asked what that has brought: nobody's yet.
    [[nodiscard]] bool is_introducing() const { return introducing_; }
    /// It was idle, and is asked whether it still answers.
    [[nodiscard]] bool is_probed() const { return is_probed_; }

    /// Part of a message has been passed to the tenant and the rest has not: nobody else may write
    /// to the client now.
    [[nodiscard]] bool speaking() const { return delivering_ || !scanner_.at_boundary(); }

    /// The tenant stands between two transactions, and nothing is on its way to it.
    [[nodiscard]] bool rests() const {
        return tracker_.releasable() && forward_.empty() && !speaking();
    }

    // For the pool.
    void lend_to(Tenant& tenant);
    /// It has just logged in: asks what that has brought, then goes to its part
    /// (ServerOpener::introduced).
    void introduce();
    /// No longer idle: asks whether a login would bring something else by now, then goes back.
    void check_defaults();
    /// No longer idle: asks this (`<empty>`: a query without text), then goes to its part
    /// (ServerOpener::probed). Without an answer it is closed.
    void probe(std::string_view query);
    void become_idle(Clock::time_point now);
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
    /// Asks what check_defaults() does for a tenant that is about to log in, before it is told what
    /// the server reports; its question_answered() follows. False: there is nothing to wait for.
    [[nodiscard]] bool confirm_defaults();
    /// Adds to `out` what has to be there before this request of the client's can be handed over.
    /// False: the answer to that decides how; once `awaits_outcome` is false the request is to be
    /// offered again.
    [[nodiscard]] bool make_ready(const protocol::Step& step, Outgoing& out);
    /// A message of the client, or the first part of a long one, is about to be written: adds it to
    /// `out`, behind what has to go before it and with the names that this server has for
    /// statements. `message` is `step`'s bytes; it must stay as it is until `out` is written.
    void take_request(const protocol::Step& step, Bytes message, Outgoing& out);
    /// True if the request must be held back: what it means, or whether this server may have it,
    /// hangs on an answer that has not come. It is to be offered again after the next replies, if
    /// the lease has not ended.
    [[nodiscard]] bool awaits_outcome(const protocol::Step& step) const;
    /// A request is held back: has the server say at once what it has to say.
    void ask_for_answers(Outgoing& out);
    /// What is under way is pgweir's own, and the client's request has not been sent.
    [[nodiscard]] bool works_for_itself() const { return takes_stock_ || set_up_.works_alone(); }
    /// More of a long message, or what needs no look. `last`: the message ends with it.
    void take_more(Bytes bytes, bool last, Outgoing& out);
    [[nodiscard]] ByteStream& requests() { return stream_; }
    [[nodiscard]] PoolPart& part() { return part_; }
    [[nodiscard]] const PoolPart& part() const { return part_; }
    /// If nothing is owed and no transaction is open: asks what there is to ask, then ends the
    /// lease if the tenant does not keep it. Returns whether it has ended.
    bool release_if_done();
    /// Ends the lease in whatever state the server is: it is cleaned or closed before anybody else
    /// gets it. `half_sent`: part of a message was written, so that it can only be closed.
    /// `cancel`: stop what is running, nobody wants the answer.
    void abandon(bool half_sent, bool cancel);
    /// If the tenant is at rest and keeps this server only until others wait: from when on it may
    /// be made to give_up() it.
    [[nodiscard]] std::optional<Clock::time_point> kept_until() const;
    /// Ends the lease. Settings whose names were not seen are reset, of which the tenant is warned.
    void give_up();
    /// The tenant takes replies again (Tenant::takes_replies).
    void client_ready() { client_ready_.notify(); }
    /// Sends a CancelRequest for what is running now. The server is lent to nobody else before the
    /// request has arrived and taken effect.
    /// `done` is called when it has, or when it never will.
    void cancel_query(std::function<void()> done = {});
    /// The same because of query_timeout, of which the tenant is told in place of a cancel.
    void cancel_overdue_query() {
        is_overdue_ = true;
        cancel_query();
    }

  private:
    /// The session of the tenant; only while there is one.
    [[nodiscard]] TenantSession& client() const { return *context_.client; }

    // server_stream.cpp: the reading side.
    /// The message types that are looked at; rows only where they answer pgweir itself.
    [[nodiscard]] static const protocol::TypeSet& wanted_messages(bool rows);
    Task<> run();
    [[nodiscard]] bool scan();
    [[nodiscard]] Bytes take_frame(const protocol::Step& step, Bytes message);
    void take_parameter_status(Bytes body, const protocol::Verdict& verdict, Bytes& message);
    void take_error(Bytes body, const protocol::Verdict& verdict, Bytes& message);
    void set_up_refused(const protocol::ErrorReport& report);
    void take_last_words(const protocol::ErrorReport& report, Bytes message);
    void take_ready(const protocol::Verdict& verdict, Bytes& message);
    void forward(Bytes bytes);
    void tell(std::vector<std::string> messages);
    void forget_forward();
    [[nodiscard]] bool deliver_now();
    Task<> deliver();
    void after_delivery();
    void lost(ServerClose reason, std::string_view detail);

    // server_requests.cpp: what the tenant asks.
    [[nodiscard]] bool find_statement(const protocol::Step& step, Outgoing& out);
    void note_text(const protocol::Step& step);
    [[nodiscard]] protocol::Origin origin_in_front() const;
    void put_in_front(std::string_view sql, Outgoing& out);
    [[nodiscard]] bool stands_between_transactions() const;
    void take_function_call(const protocol::Step& step, Bytes message, Outgoing& out);
    void take_query(const protocol::Step& step, Bytes message, Outgoing& out);
    void take_what_follows(const protocol::Step& step, Bytes message, Outgoing& out);
    void pass(protocol::Frontend type, Bytes message, Outgoing& out,
              RequestWriter::Operation operation = {});
    void pass_part_of_copy(const protocol::Step& step, Bytes message, Outgoing& out);
    [[nodiscard]] RequestWriter writer(Outgoing& out);
    /// `statement`: where the text is one's, so that what is found in it is kept with that.
    void note_effects(protocol::Effects effects, Bytes text, const Statement* statement = nullptr);

    // server_extended_query.cpp: Parse, Bind, Describe and Close.
    void take_parse(const protocol::Step& step, Bytes message, Outgoing& out);
    [[nodiscard]] bool take_taken_name(const protocol::ParseMessage& parse, Bytes message,
                                       Outgoing& out);
    [[nodiscard]] StatementPtr statement_of(const protocol::ParseMessage& parse);
    void take_bind(const protocol::Step& step, Bytes message, Outgoing& out);
    [[nodiscard]] protocol::Effects unread_effects() const;
    void note_unread(protocol::Effects effects, Outgoing& out);
    void note_run(const Statement& statement, Bytes values, bool all_here, Outgoing& out);
    void take_target(const protocol::Step& step, Bytes message, Outgoing& out);
    void note_unknown_name(Bytes name);
    void note_shown();
    void note_texts_in_values(Bytes values, bool all_here);

    // server_custom_settings.cpp: settings that PostgreSQL tells only to who knows their names.
    void judge_unseen_settings(Pins& pins);
    void reset_unseen_settings();

    // server_order.cpp: what has to wait for an earlier answer.
    void note_reset_in_session(const protocol::Step& step);
    void run_in_session(protocol::Frontend type, std::optional<Bytes> text);
    [[nodiscard]] bool has_had_its_turn() const;
    [[nodiscard]] bool waits_for_open_block(const protocol::Step& step) const;
    [[nodiscard]] bool waits_behind_open_query(const protocol::Step& step) const;

    // server_refusal.cpp: what may not run.
    [[nodiscard]] std::optional<protocol::ErrorReport> refuses(Bytes sql,
                                                               protocol::Effects effects);
    void refuse_query(const protocol::ErrorReport& report, Outgoing& out);
    void refuse_extended(const protocol::ErrorReport& report, Outgoing& out);
    void inject_statement(std::string_view sql, Outgoing& out);
    void order_statements(std::span<const std::string> statements, Outgoing& out);
    void order_statement(const std::string& sql, Outgoing& out) {
        order_statements({&sql, 1}, out);
    }

    // server_sequences.cpp: what the tenant got from sequences.
    [[nodiscard]] ClientsProgram tenants_program() const;
    [[nodiscard]] bool must_discard_sequences(protocol::Effects& effects, Bytes text, bool whole);
    void note_sequences(protocol::Effects effects);
    void judge_sequences(Pins& pins, protocol::Effects effects);

    // server_keeping.cpp: what a client keeps its server for until others wait.
    void kept_long_enough();

    // server_session.cpp: what the session has.
    [[nodiscard]] bool ask_before_release();
    [[nodiscard]] bool put_off_idle_timeout();
    void ask_state();
    [[nodiscard]] std::optional<CatalogueUpkeep::Reading> begin_catalogue();
    void ask_catalogue(const CatalogueUpkeep::Reading& reading);
    void answered(Questions::Answer answer);
    void take_state(SessionState state);
    [[nodiscard]] bool is_as_known(std::vector<Parameter> settings) const;
    void look_for_leak(const SessionState& state);
    void close_statements();
    void set_pins(Pins pins);
    void set_up_went_on(const Questions::Answer& answer);
    void state_answered(Questions::Answer& answer);
    void catalogue_answered(Questions::Answer& answer);
    void note_tag(Bytes tag);
    [[nodiscard]] bool has_reset_for_good() const;
    void note_definition();
    void note_rollback();
    void note_discarding_tag(Bytes tag);
    void note_own_tag(Bytes tag);

    // server_defaults.cpp: what sessions begin with.
    [[nodiscard]] bool asks_for_defaults() const;
    void ask_for_sources();
    void login_defaults_answered(Questions::Answer& answer);
    void login_sources_answered(Questions::Answer& answer);
    void note_defaults();
    void learn_defaults();
    void note_login_change(Bytes tag);
    void publish_login_changes();

    // server_resets.cpp: what a RESET goes back to.
    [[nodiscard]] bool restore_after_reset();
    [[nodiscard]] std::string restore_sql() const;
    void restore_in_transaction();
    void restore_in_pipeline(const protocol::Step& step, Outgoing& out);
    [[nodiscard]] bool resets_alone(const protocol::Step& step) const;

    // server_channels.cpp: what the session listens to.
    [[nodiscard]] Listening* listening() const { return client().listening.get(); }
    [[nodiscard]] bool hub_serves() const;
    void bring_channels(protocol::Effects effects, protocol::Origin origin, Outgoing& out);
    void take_channels(SessionState& state, Pins& pins);
    [[nodiscard]] bool ask_about_channels();
    void unlistened(bool failed);
    void take_notification(Bytes body, Bytes& message);

    // server.cpp: lending and cleaning.
    Tenant* take_tenant();
    void end_lease();
    void forget_session();
    void clean();
    void take_cleaning_step(CleaningStep step);
    void cleaned();
    void end_exchange();
    void settle_doubt();
    void ask(Question question, std::string_view sql);
    void send(Outgoing& out);
    Task<> carry_cancel();
    void cleaning_took_too_long() { close(ServerClose::dirty, "cleaning took too long"); }

    PoolPart& part_;
    std::shared_ptr<Pool> keep_alive_;  ///< the part's pool must outlive the reading coroutine
    ServerConnection connection_;
    ByteStream stream_;
    ReadBuffer buffer_;
    protocol::FrameScanner scanner_;
    protocol::RequestTracker tracker_;
    SessionContext context_;
    Tenant* tenant_ = nullptr;
    ServerLifecycle lifecycle_;
    Clock::time_point idle_since_;
    unsigned destination_ = 0;  ///< the worker to move to; meaningful while leaving
    bool is_being_cancelled_ = false;
    std::vector<std::function<void()>> cancel_done_;  ///< called when the cancel is over
    bool is_overdue_ = false;                         ///< see cancel_overdue_query()
    bool cancel_uncertain_ = false;                   ///< a cancel may still arrive some time
    bool needs_reset_ = false;  ///< a tenant left in a way that `reset_query_` must mend
    std::string reset_query_;
    bool said_fatal_ = false;
    /// What cleaning has asked, so that it asks nothing twice.
    bool has_rolled_back_ = false;
    bool has_run_reset_ = false;
    Questions questions_;
    CatalogueUpkeep::Reading catalogue_reading_;  ///< the one under way, while that is asked for
    bool introducing_ = false;                    ///< see is_introducing()
    bool is_probed_ = false;                      ///< see is_probed()
    bool is_checked_ = false;                     ///< it was idle before, and is to be so again
    std::vector<protocol::LoginChange> login_changes_;  ///< of the transaction under way
    bool takes_stock_ = false;  ///< the question what the tenant's transaction left is under way
    Suspicion suspicion_;
    LatestStatement latest_;
    std::optional<protocol::StatementLook> long_look_;  ///< at a query that comes in parts
    StatementTranslator statements_;
    RequestOrder order_{tracker_};
    /// Custom settings that the tenant's requests have named since the last question.
    MentionedSettings mentioned_;
    bool settings_discarded_ = false;  ///< all of them, by the tenant, since the last question
    StartupSettings startup_;
    ChannelHandover channels_;
    SetUp set_up_{context_};
    SettingReports reports_{
        {.context = context_, .suspicion = suspicion_, .latest = latest_, .startup = startup_}};
    bool request_waits_ = false;   ///< for the set-up: the server is the tenant's until it comes
    std::list<std::string> told_;  ///< messages put in place of the server's, until delivered
    DeadlineOf<Server, &Server::cleaning_took_too_long> cleaning_deadline_{*this};
    DeadlineOf<Server, &Server::kept_long_enough> keep_deadline_{*this};

    // What the present buffer holds for the tenant; empty between two reads.
    std::vector<iovec> forward_;
    std::span<iovec> undelivered_;
    bool delivering_ = false;  ///< the coroutine waits for the tenant to take it
    WakeUp client_ready_;
    std::vector<protocol::TransactionStatus> finished_;  ///< replies, with the status of each
    bool question_answered_ = false;
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
