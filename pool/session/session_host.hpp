// What stands around the session of one server: its pool, and the clients that listen there.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.hpp"
#include "pool/session/catalogue.hpp"
#include "pool/session/login_defaults.hpp"
#include "protocol/sql/login_change.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// What the session layer asks of its surroundings, and what it tells them. One for each server; it
/// outlives the server's SessionKeeper.
///
/// All calls come from the server's worker; none may throw, suspend, or call the session layer of
/// the same server.
class SessionHost {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    [[nodiscard]] virtual const conf::PoolOptions& options() const = 0;
    /// The clock of the event loop's present round.
    [[nodiscard]] virtual TimePoint now() const = 0;
    /// The server logged in by the pool's present configuration, and after all changes that are
    /// known.
    [[nodiscard]] virtual bool is_current() const = 0;

    /// Nobody has the server, and nothing is under way there.
    [[nodiscard]] virtual bool is_idle() const = 0;
    /// The server is asked what its login has brought (pool.login_defaults_interval).
    [[nodiscard]] virtual bool watches_login() const = 0;
    /// The client that has the server gives it to others between its transactions.
    [[nodiscard]] virtual bool client_may_release() const = 0;

    // Clients that wait for any server of the pool.
    [[nodiscard]] virtual bool others_wait() const = 0;
    /// Since when the one waits that has waited for longest.
    [[nodiscard]] virtual std::optional<TimePoint> oldest_waiting() const = 0;

    // The database's catalogue.
    /// A reading of the catalogue, if it is due and nobody else reads it. It ends with
    /// catalogue_read() or catalogue_abandoned().
    [[nodiscard]] virtual std::optional<CatalogueReading> claim_catalogue() = 0;
    /// The same also if another is under way or none is due.
    [[nodiscard]] virtual CatalogueReading begin_catalogue() = 0;
    /// Null: there was no answer.
    virtual void catalogue_read(const CataloguePtr& learned, const CatalogueReading& reading) = 0;
    virtual void catalogue_abandoned() = 0;
    /// A client has changed it, or may have.
    virtual void forget_catalogue(CatalogueChange how) = 0;
    /// A statement with this text, which defines something, is about to run.
    virtual void definition_sent(Bytes text) = 0;
    /// One with this text, which needs a database without sessions.
    virtual void retire_idle_servers(Bytes text) = 0;

    // What logins bring.
    virtual void logins_changed(const protocol::LoginChange& change) = 0;
    /// The server, asked whether its login would bring something else by now, has said so.
    virtual void login_is_outdated() = 0;
    /// A server that nobody has reports another value of a default.
    virtual void default_changed() = 0;
    /// One object for equal ones.
    [[nodiscard]] virtual LoginDefaultsPtr intern(std::shared_ptr<LoginDefaults> defaults) = 0;
    /// What a login has brought. Returns what clients are greeted with from now on.
    [[nodiscard]] virtual Greeting note_login(const std::vector<Parameter>& reported,
                                              const LoginDefaultsPtr& defaults) = 0;

    // The client's channels (manual, "LISTEN").
    /// The hub is to listen to these for the client, whose Listening is made if there is none.
    virtual void listener_wants(std::vector<std::string> channels) = 0;
    /// The client listens no more, or by its server alone: its Listening goes.
    virtual void listener_ended() = 0;
    /// Its server has given it a marker, or a notification (a whole message).
    virtual void marker_heard(std::string_view token) = 0;
    virtual void notification_heard(std::string_view message) = 0;

    /// The session has changed though nothing that was seen could have changed it.
    virtual void session_state_leaked(const std::string& what) = 0;

    SessionHost() = default;
    SessionHost(const SessionHost&) = delete;
    SessionHost& operator=(const SessionHost&) = delete;
    virtual ~SessionHost() = default;
};

}  // namespace pgweir::pool
