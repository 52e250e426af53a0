// Names of custom settings that a client's requests have shown.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pool/session/pool_knowledge.hpp"
#include "pool/session/session_settings.hpp"
#include "pool/session/statement.hpp"

namespace pgweir::pool {

/// PostgreSQL lists no custom setting ("app.tenant"): it tells the value of one to a session that
/// knows its name. So a session is clean of them only if it is known that none but those with known
/// names can have been set. This object collects the names that one client shows on one server
/// between two questions about the session; what it finds is known to the pool from then on.
///
/// A value; lives on one worker.
class MentionedSettings {
  public:
    /// `knowledge` outlives the object.
    explicit MentionedSettings(PoolKnowledge& knowledge) : knowledge_(knowledge) {}

    /// Names in a text that a client sends, or of a statement that the protocol binds.
    [[nodiscard]] static SettingNames in_text(Bytes text);
    [[nodiscard]] static SettingNames in_statement(Bytes text);

    // Each returns whether a setting may have been set under a name that was not seen.
    /// What a text names.
    [[nodiscard]] bool note(const SettingNames& found);
    /// Values of a Bind. A value that is not all here may be, or hold, the name of one.
    [[nodiscard]] bool note_values(Bytes values, bool all_here);

    /// The names that the next question has to ask for: the pool's, those that were noted since the
    /// last one, and those of `on_server`. What others name in between may have crowded out of the
    /// pool's list what this client has.
    [[nodiscard]] std::vector<std::string> take_names_to_ask_for(const SessionSettings& on_server);

    /// The client has discarded all settings for good.
    void note_discarded() { are_discarded_ = true; }
    /// Whether it has since this was asked last.
    [[nodiscard]] bool take_discarded() { return std::exchange(are_discarded_, false); }

    /// The session that was here is over.
    void clear() {
        mentioned_.clear();
        are_discarded_ = false;
    }

  private:
    [[nodiscard]] bool mention(const std::vector<std::string>& names);

    PoolKnowledge& knowledge_;
    std::vector<std::string> mentioned_;
    bool are_discarded_ = false;
};

}  // namespace pgweir::pool
