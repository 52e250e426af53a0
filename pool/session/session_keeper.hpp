// The session of one server, kept for the client that has it: bytes and values in, bytes and values
// out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pool/session/client_requests.hpp"
#include "pool/session/login_watch.hpp"
#include "pool/session/server_replies.hpp"
#include "pool/session/session_host.hpp"
#include "pool/session/session_rooms.hpp"
#include "pool/session/stocktaking.hpp"

namespace pgweir::pool {

/// What a client that stands between two requests means for its server.
enum class AtRest : std::uint8_t {
    busy,     ///< something is under way, or a transaction is open
    asking,   ///< pgweir asks what the transaction has left
    settled,  ///< the client's pins say whether it keeps the server
    refused,  ///< the server did not take the client's settings, and is of no use for it
};

/// The only face of the session layer. It reads all that passes between a client and its server,
/// both ways, and sees to it that the client finds its own session on whichever server it has, and
/// that nobody finds another's.
///
/// No socket and no clock. What pgweir has to say to the server by itself is in own(), to be sent
/// when a call returns; what has happened is in take_news(), to be acted on then. One for each
/// server; lives on one worker.
class SessionKeeper {
  public:
    /// All of it outlives the object.
    SessionKeeper(const SessionRooms::Surroundings& around, SessionHost& host)
        : rooms_(around), host_(host) {}

    [[nodiscard]] const protocol::RequestTracker& tracker() const { return rooms_.tracker; }
    /// The statement that the client asked last, or its beginning. Empty where only the server
    /// knows it: in session pooling, of what was prepared before.
    [[nodiscard]] Bytes latest_statement() const { return rooms_.latest.shown(); }

    // A lease.
    /// A client gets the server, which is clean. `session` outlives the lease.
    void attach(TenantSession& session) {
        rooms_.attach(session);
        replies_.begin();
    }
    /// The client, which stands between two transactions, is about to lose the server and lives on.
    void leaves();
    /// The client ends in whatever state the server is. `reset_query`: server_reset_query, for
    /// session pooling. False: it may have left what nothing can undo.
    [[nodiscard]] bool abandon(const std::string& reset_query);
    /// The lease is over.
    void detach();

    // Requests of the client; see ClientRequests.
    /// Makes the server's settings the client's, without a request behind that. False: they are.
    [[nodiscard]] bool set_up();
    /// Asks whether a login would bring something else by now, for a client that is about to log
    /// in. False: there is nothing to wait for.
    [[nodiscard]] bool confirm_defaults();
    [[nodiscard]] HandOver make_ready(const protocol::Step& step, Outgoing& out) {
        return requests_.make_ready(step, out);
    }
    void request(const protocol::Step& step, Bytes message, Outgoing& out) {
        requests_.take(step, message, out);
    }
    void more_of_request(Bytes bytes, bool last, Outgoing& out) {
        requests_.take_more(bytes, last, out);
    }
    [[nodiscard]] bool must_hold_back(const protocol::Step& step) const {
        return requests_.must_hold_back(step);
    }
    void ask_for_answers(Outgoing& out) { requests_.ask_for_answers(out); }
    /// What is under way is pgweir's own, and the client's request has not been sent.
    [[nodiscard]] bool works_for_itself() const {
        return rooms_.takes_stock || rooms_.set_up.works_alone();
    }
    /// See ServerReplies.
    void note_overdue() { replies_.note_overdue(); }

    // Replies of the server; see ServerReplies.
    [[nodiscard]] Reply reply(const protocol::Step& step, Bytes message) {
        return replies_.take(step, message);
    }
    [[nodiscard]] Reply more_of_reply(Bytes bytes, bool ends) {
        return replies_.take_more(bytes, ends);
    }
    /// Rows are to be looked at: they answer pgweir itself.
    [[nodiscard]] bool reads_rows() const { return rooms_.questions.any(); }
    /// What the client is to have of what was read.
    [[nodiscard]] Delivery& delivery() { return rooms_.delivery; }
    /// The server has told the client why it ends.
    [[nodiscard]] bool said_fatal() const { return replies_.said_fatal(); }

    // Rest.
    /// The client may stand between two requests (`between_requests`): asks what there is to ask.
    [[nodiscard]] AtRest at_rest(bool between_requests);
    /// See ClientRequests.
    [[nodiscard]] bool request_waits() const { return requests_.request_waits(); }
    /// The client is at rest: if it keeps the server only until others wait, from when on it may be
    /// made to give_up() it.
    [[nodiscard]] std::optional<SessionHost::TimePoint> kept_until() const;
    /// The client keeps the server no more. Settings whose names were not seen are reset; returns
    /// whether there may be some, of which the client is to be warned.
    [[nodiscard]] bool give_up();

    // Nobody has the server.
    /// Takes the next step on the way to a server that can be lent.
    [[nodiscard]] CleaningStep clean(const CleaningFacts& facts);
    /// Reads the catalogue if that is due. False: it is not.
    [[nodiscard]] bool ask_for_catalogue() { return stocktaking_.ask_for_catalogue(); }
    [[nodiscard]] bool is_reading_catalogue() const {
        return rooms_.questions.is_asked(Question::catalogue);
    }
    /// The server has just logged in: runs connect_query, and asks what the login has brought.
    /// False: nothing is asked.
    [[nodiscard]] bool introduce();
    /// Runs a query without which the server is of no use.
    void ask_or_close(std::string_view query) { rooms_.ask(Question::cleaning, query); }
    /// Asks whether a login would bring something else by now.
    void check_defaults() { logins_.ask_for_sources(); }

    /// The connection ends. Nothing is called after this but detach().
    void closes() {
        if (is_reading_catalogue()) host_.catalogue_abandoned();
    }

    // What came of a call.
    /// False: nothing is in own() or in take_news(), as behind most calls.
    [[nodiscard]] bool is_stirred() const { return rooms_.is_stirred; }
    [[nodiscard]] Outgoing& own() { return rooms_.own; }
    [[nodiscard]] SessionNews take_news() {
        rooms_.is_stirred = false;
        return std::exchange(rooms_.news, {});
    }
    /// To be taken when the delivery is over.
    [[nodiscard]] SessionEvents& events() { return rooms_.events; }
    /// A set-up() is over: take_set_up_result() says what came of it.
    [[nodiscard]] bool set_up_is_finished() const { return rooms_.set_up.is_finished(); }
    [[nodiscard]] std::optional<protocol::ErrorReport> take_set_up_result() {
        return rooms_.set_up.take_result();
    }

  private:
    void settle_doubt();
    void end_exchange();

    SessionRooms rooms_;
    SessionHost& host_;
    ClientRequests requests_{rooms_, host_};
    LoginWatch logins_{rooms_, host_};
    Stocktaking stocktaking_{rooms_, host_, requests_.session_pooling(), logins_};
    ServerReplies replies_{rooms_, host_, requests_.notes(), logins_, stocktaking_};
};

}  // namespace pgweir::pool
