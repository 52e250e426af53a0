// What a RESET goes back to.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/session/session_settings.hpp"
#include "protocol/sql/setting_fate.hpp"

namespace pgweir::pool {

/// A client's RESET goes back to what the client asked for at its start, of which a server's login
/// knows nothing: pgweir restores it. This object knows what the client's statements have plainly
/// made of these settings since the last question about the session, and says how to restore them.
///
/// Bytes and values. One for each server, for the client that has it; lives on one worker.
class StartupSettings {
  public:
    /// The client's, both of which outlive the lease. `follows`: TenantSession::follows.
    struct Client {
        const SettingsPtr& startup;   ///< what it asked for at its start
        const SettingsPtr& settings;  ///< what it has now
        const bool& follows;
    };
    void attach(const Client& client) { client_.emplace(client); }
    /// The lease is over.
    void detach();

    // What the client's statements do.
    /// The request of this number (RequestTracker::sent_in_all()) is about to go, and runs this
    /// text. `may_commit`: so that what it does stays though it fails later.
    void note(std::string_view text, std::size_t request, bool may_commit = false);
    /// One is whose text is not known.
    void note_unknown() { notes_.clear(); }
    /// DISCARD ALL has run, however its text hides it: it runs in no transaction that could be
    /// rolled back.
    void note_all_reset();
    /// A request has failed. What was sent before the request numbered `next`, and was not
    /// committed, is rolled back or was never run: it leaves what there was before.
    void note_failure(std::size_t next);
    /// No transaction is open behind the requests before this one: what they did stays.
    void note_committed(std::size_t next);
    /// Whether the text changes a start-up setting of which the server, asked for its settings,
    /// tells no RESET.
    [[nodiscard]] bool touches_hidden(std::string_view text) const;

    /// Something that may be a RESET was sent, and nothing that may read a setting behind it.
    void sent() { ran_ = true; }
    [[nodiscard]] bool was_sent() const { return ran_; }
    /// What is sent next restores. Not `surely`: the server may discard it, up to a Sync.
    void restored_in_front(bool surely) {
        ran_ = false;
        may_be_discarded_ = !surely;
    }
    /// A Query or a Sync was sent.
    void segment_sent() {
        if (std::exchange(may_be_discarded_, false)) ran_ = true;
    }
    /// The tag of a RESET, or of a SET that may be one, has come.
    void answered() { has_reset_ = true; }
    /// At a ReadyForQuery of the client's: whether such a tag came before it.
    [[nodiscard]] bool take_answered() {
        had_reset_ = std::exchange(has_reset_, false);
        return had_reset_;
    }
    /// What take_answered() has returned last: what was bound alone has not run.
    [[nodiscard]] bool had_answer() const { return had_reset_; }
    /// What was RESET is about to be restored, or never was.
    void forget_resets();
    /// The server is asked about the session, and what it says counts.
    void asked();

    // Restoring.
    /// Whether this start-up setting may be in need of it. For what functions do pgweir guesses: a
    /// role that is gone was RESET; a custom setting that is empty was set to ''.
    [[nodiscard]] bool may_have_been_reset(const std::string& name) const;
    /// The statements that restore what the one statement of this text, which has run, plainly
    /// resets; none where it does not say so by itself.
    [[nodiscard]] std::vector<std::string> plainly_restoring(std::string_view text) const;
    /// A statement without rows that sets again whatever is as at the server's login; empty where
    /// there is nothing. `login`: the role that the server was logged in as; `value_at_login`: of a
    /// setting's name.
    [[nodiscard]] std::string restore_sql(
        std::string_view login,
        const std::function<std::string_view(std::string_view)>& value_at_login) const;

    // In session pooling, where only these texts are looked at.
    /// The client has prepared a statement. `text`: none where it is not all here.
    void note_prepared(std::string name, std::optional<std::string_view> text);
    /// What the client has prepared under this name, if it resets or sets something; null: it does
    /// not. Nothing in it: its text was not kept.
    [[nodiscard]] const std::optional<std::string>* prepared(std::string_view name) const;

  private:
    /// What one request has plainly made of a setting.
    struct Note {
        std::string name;
        protocol::SettingFate fate;  ///< untouched: it was set, and code may have reset it since
        std::size_t request;
        bool stays = false;  ///< nothing takes it back
    };
    /// More are not kept: the oldest go.
    static constexpr std::size_t most_notes = 1024;

    void add(Note note);
    [[nodiscard]] protocol::SettingFate fate_of(std::string_view name) const;

    std::optional<Client> client_;
    std::vector<Note> notes_;  ///< in the order of the requests: of a setting the latest counts
    std::map<std::string, std::optional<std::string>, std::less<>> prepared_;
    bool ran_ = false;
    bool may_be_discarded_ = false;  ///< see restored_in_front()
    bool has_reset_ = false;
    bool had_reset_ = false;
};

}  // namespace pgweir::pool
