// How the settings of a client come to a server before its first request there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pool/session/questions.hpp"
#include "pool/session/request_writer.hpp"
#include "pool/session/session_context.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::pool {

/// Nothing that this backend keeps for ever is in the way of the client's settings: temp_buffers
/// cannot change where temporary tables were used, although they are gone.
[[nodiscard]] bool suits(const ServerSession& server, const TenantSession& client);

/// A client gets a server whose login may have brought other defaults than the one that it began
/// on. What it has not set itself is from now on as if it had asked for it at its start.
void keep_defaults(const SessionContext& context);

/// A Query with this text may need something in front of it with a Sync of its own.
[[nodiscard]] bool needs_something_in_front(const SessionContext& context, Bytes text);

/// The server itself judges whether a client's request may run with the settings that are set
/// before it: it runs the request only behind a COMMIT of the settings that happened, as all of it
/// is one extended query up to there (DECISIONS.md, D61). The former client's limits of time go
/// before that, with a question of its own.
///
/// Bytes and values; one for each server. Lives on one worker.
class SetUp {
  public:
    using Frontend = protocol::Frontend;

    explicit SetUp(const SessionContext& context) : context_(context) {}

    // Requests.
    /// The client is about to change temp_buffers here, where others have used temporary tables: it
    /// has to get another server for that.
    [[nodiscard]] bool must_leave_for(const protocol::Step& step) const;
    /// A request is about to be the first on this server; the server is at rest. Writes what has to
    /// go before it. False: that has to be answered first; the writer's bytes are to be sent.
    [[nodiscard]] bool make_ready(const protocol::Step& step, RequestWriter& requests);
    /// The same without a request. False: nothing is to be set.
    [[nodiscard]] bool begin_alone(RequestWriter& requests);
    /// A request of this type is on its way.
    void sent(Frontend type);

    // Answers.
    /// Question::lift_limits was answered. What then has to be asked without a request is written.
    /// Returns why the server is of no use, or nothing.
    [[nodiscard]] std::optional<std::string> limits_lifted(const Questions::Answer& answer,
                                                           RequestWriter& requests);
    /// The COMMIT of the settings was answered.
    void committed();
    /// Question::set_up was answered: the Sync behind a set-up that stood alone.
    void answered();
    /// The server has refused the settings. Returns what the client is told at once, in the place
    /// of its request's answer; empty: nothing.
    [[nodiscard]] std::string refused(protocol::ErrorReport report, RequestWriter& requests);

    // What is under way.
    /// Any part of it.
    [[nodiscard]] bool is_under_way() const { return stage_ != Stage::none; }
    /// What is under way is pgweir's own, and no request of the client's has been sent.
    [[nodiscard]] bool works_alone() const {
        return stage_ == Stage::lifting || stage_ == Stage::alone;
    }
    /// Settings are on their way: an error to pgweir's own is theirs.
    [[nodiscard]] bool is_being_judged() const {
        return stage_ == Stage::chained || stage_ == Stage::closed || stage_ == Stage::alone;
    }
    /// Nothing may be sent before there is an answer.
    [[nodiscard]] bool blocks() const { return works_alone() || stage_ == Stage::closed; }
    /// A request that needs a Sync of its own in front may not be sent.
    [[nodiscard]] bool is_open() const { return stage_ == Stage::chained; }

    // What came of it.
    /// A set-up without a request is over; take_result() has not been called.
    [[nodiscard]] bool is_finished() const { return finished_; }
    /// Why it failed, if it did.
    [[nodiscard]] std::optional<protocol::ErrorReport> take_result();
    /// The server refused the client's settings, and so does what the client asks fail.
    [[nodiscard]] bool is_refused() const { return !refusal_.empty(); }
    /// The ErrorResponse that said so, which the client gets in place of its own errors.
    [[nodiscard]] const std::string& refusal() const { return refusal_; }
    /// What the server has told of the settings since they were on their way is not passed on: the
    /// client is told what differs with the first ReadyForQuery behind them.
    [[nodiscard]] bool reports_are_due() const { return reports_due_; }
    /// At that ReadyForQuery.
    [[nodiscard]] bool take_reports_due() { return std::exchange(reports_due_, false); }

    /// The session that was here is over.
    void forget();

  private:
    /// How far the settings are that a client's first request needs.
    enum class Stage : std::uint8_t {
        none,     ///< they are there, or were refused
        lifting,  ///< the former client's limits go first
        chained,  ///< they are on their way; the request goes behind them
        closed,   ///< so is the whole of the request: nothing more may be sent
        alone,    ///< they are on their way, and nothing may be sent
    };

    [[nodiscard]] bool is_there(Bytes text);
    void begin(RequestWriter& requests);
    void append(RequestWriter& requests);
    [[nodiscard]] bool lift_limits(RequestWriter& requests);
    void forget_refused_setting(const protocol::ErrorReport& report);
    [[nodiscard]] SettingsPtr without_given_up(const SessionSettings& settings, Bytes text) const;

    const SessionContext& context_;
    Stage stage_ = Stage::none;
    bool is_alone_ = false;  ///< it has to be answered before there is a request
    bool finished_ = false;  ///< see is_finished()
    bool reports_due_ = false;
    unsigned lifting_failed_ = 0;  ///< how often in a row
    SettingsPtr before_;           ///< the server's, if the set-up under way is refused
    SettingsPtr wanted_;           ///< by the client
    SettingsPtr lifted_;           ///< the server's, when the limits are lifted
    std::optional<protocol::ErrorReport> error_;  ///< of one that stood alone
    std::string refusal_;
};

}  // namespace pgweir::pool
