// What a client is told of its settings: ParameterStatus, as a server of its own would report.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/session/latest_statement.hpp"
#include "pool/session/session_context.hpp"
#include "pool/session/startup_settings.hpp"
#include "pool/session/suspicion.hpp"
#include "protocol/sql/setting_fate.hpp"

namespace pgweir::pool {

/// Takes what one server reports (manual, "Asynchronous Operations"), keeps up to date what the
/// server's session and the client's have, and says what the client is told of it.
///
/// Bytes and values; one for each server. Lives on one worker.
class SettingReports {
  public:
    /// Messages for the client, in their order.
    using Messages = std::vector<std::string>;

    /// All of it outlives the object. What `suspicion` and `latest` know tells what a report means.
    struct Rooms {
        const SessionContext& context;
        Suspicion& suspicion;
        const LatestStatement& latest;
        const StartupSettings& startup;
    };
    explicit SettingReports(const Rooms& rooms) : rooms_(rooms) {}

    /// A lease begins.
    void attach() { told_in_lease_.clear(); }

    // What the server reports.
    /// Whatever it is about: to be called first.
    void reported(std::string_view name, std::string_view value);
    /// What pgweir asked has restored what the client asked for at its start (StartupSettings).
    /// Returns whether the client thinks of another value: then it is told.
    [[nodiscard]] bool takes_back(const std::string& name);
    /// In the client's own doing. Returns what it is told in place of the report, empty for
    /// nothing; no value: the report as it is.
    [[nodiscard]] std::optional<std::string> in_place_of(const std::string& name,
                                                         const std::string& value);

    // At a ReadyForQuery of the client's.
    /// A set-up stood in front of the client's request, so that the server tells with this what
    /// both have changed; by now it has told all. The client is told what it does not know.
    [[nodiscard]] Messages differences();
    /// A RESET has gone back to what the client asked for at its start, though the server has
    /// nothing to report: it had the login's value before, too.
    [[nodiscard]] Messages own_defaults();
    /// The configuration has other defaults than the client knows of. PostgreSQL tells a session of
    /// it before the ReadyForQuery of what it asks next.
    [[nodiscard]] Messages new_defaults();
    /// Whether new_defaults() may say anything; asked at each ReadyForQuery.
    [[nodiscard]] bool may_have_new_defaults() const {
        return client().told != server().reported_at_login;
    }

    /// Where the session has set nothing, what was reported is the default. Returns whether
    /// ServerSession::reported_at_login is another one since this was called last.
    [[nodiscard]] bool learn_defaults();
    /// The client knows what the server has learned, as it was told all of that.
    [[nodiscard]] bool has_heard_defaults() const { return has_heard_; }
    /// What was reported belongs to the login.
    void forget_changes() { has_changes_ = false; }

    /// A setting has changed during this lease in the client's own doing.
    [[nodiscard]] bool is_touched() const { return is_touched_; }
    /// The statement that is taken for the cause of a report.
    [[nodiscard]] const std::string& cause() const;

    /// The session that was here is over.
    void forget() { is_touched_ = false; }

  private:
    [[nodiscard]] TenantSession& client() const { return *rooms_.context.client; }
    [[nodiscard]] ServerSession& server() const { return rooms_.context.server; }
    [[nodiscard]] protocol::SettingFate plain_fate(std::string_view name) const;
    [[nodiscard]] const std::string* known_to_client(const std::string& name) const;
    [[nodiscard]] bool goes_with_role(std::string_view name) const;
    [[nodiscard]] bool has_told(std::string_view reported_name) const;
    [[nodiscard]] std::optional<std::string> first_role();
    [[nodiscard]] std::optional<std::string> setting_reported(const std::string& name,
                                                              const std::string& value);
    void note_fact(const std::string& name, const std::string& value);
    void judge(const std::string& name);

    Rooms rooms_;
    std::vector<std::string> told_in_lease_;  ///< names of those that the client was given
    bool has_changes_ = false;                ///< something was reported since learn_defaults()
    bool has_heard_ = false;
    bool is_touched_ = false;
};

}  // namespace pgweir::pool
