// What a client's session consists of.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "conf/config.hpp"
#include "pool/session/listening.hpp"
#include "pool/session/login_defaults.hpp"
#include "pool/session/pins.hpp"
#include "pool/session/session_settings.hpp"
#include "pool/session/statement.hpp"

namespace pgweir::pool {

/// Since when a client keeps its server, and what led to it.
struct Pinned {
    std::chrono::steady_clock::time_point since;
    std::string by;  ///< the statement, without its constants
};

/// What a client's session consists of, whichever server its statements run on. Owned by the
/// client's session; while a server is lent to it, that server keeps it up to date. Lives on one
/// worker.
struct TenantSession {
    std::uint64_t id = 0;   ///< the client's
    std::uint32_t pid = 0;  ///< that the client takes for its own: its BackendKeyData's
    /// What RESET goes back to: what its StartupMessage asked for, and the defaults that it began
    /// with where a server has others.
    SettingsPtr startup;
    Greeting greeting;  ///< what it was told at its login
    /// The reported defaults of a server that it knows of: at its login, or told since.
    Greeting told;
    /// The login's defaults that it has where it has set nothing: of the latest server, as those
    /// that it began with and that this one has not are among `startup`. Null: not known.
    LoginDefaultsPtr defaults;
    SettingsPtr settings;  ///< what it has now
    /// Reported parameters that are no settings, as they were told since: is_superuser, …
    std::unique_ptr<std::vector<Parameter>> told_facts;
    ClientStatements statements;
    /// Null: it listens to nothing, or to its server alone.
    std::unique_ptr<Listening> listening;
    std::unique_ptr<const Pinned> pinned;  ///< null without pins
    /// Why it keeps its server; empty: its server is anybody's between transactions.
    Pins pins;

    /// Whose values of sequences it takes for its own: not those on other servers from before its
    /// DISCARD. As SequenceOwner tells sessions.
    [[nodiscard]] std::uint64_t sequence_owner() const {
        return id | std::uint64_t{discards_of_sequences} << 48U;
    }
    /// It has discarded all values that it had.
    void note_sequences_discarded() {
        if (std::exchange(has_sequence_values, false)) ++discards_of_sequences;
    }

    /// In session pooling nothing has to follow: the client's messages pass as they are.
    bool follows = false;
    conf::SessionState tracking = conf::SessionState::track;
    bool has_sequence_values = false;         ///< it got some, on one server or another
    std::uint16_t discards_of_sequences = 0;  ///< how often it has discarded all it had
    bool settings_refused = false;            ///< by the latest server that was to have them
    unsigned max_prepared_statements = 0;
};

}  // namespace pgweir::pool
