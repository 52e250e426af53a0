#include "pool/lending/server_host.hpp"

#include <utility>

#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/lending/registry.hpp"
#include "pool/server/server.hpp"

namespace pgweir::pool {

namespace {

// The tenant as a listener; only while there is one that has a Listening.
Listener listener_of(const Server& server) {
    Tenant* const tenant = server.tenant();
    return {tenant, tenant->session().listening.get()};
}

}  // namespace

const conf::PoolOptions& ServerHost::options() const {
    return part_.options();
}

SessionHost::TimePoint ServerHost::now() const {
    return part_.context().now();
}

bool ServerHost::is_current() const {
    const ServerConnection& connection = server_.connection();
    return !connection.is_worn_out && connection.generation == part_.setup()->generation;
}

bool ServerHost::is_idle() const {
    return server_.state() == ServerState::idle;
}

bool ServerHost::watches_login() const {
    return part_.options().login_defaults_interval > milliseconds::zero() &&
           server_.connection().place == Place::shared;
}

bool ServerHost::client_may_release() const {
    return server_.tenant()->may_release();
}

bool ServerHost::others_wait() const {
    return part_.pool().board().has_waiting();
}

std::optional<SessionHost::TimePoint> ServerHost::oldest_waiting() const {
    return part_.pool().board().oldest_waiting();
}

// --- the catalogue -------------------------------------------------------------------------------

std::optional<CatalogueReading> ServerHost::claim_catalogue() {
    return part_.pool().catalogue_upkeep().claim();
}

CatalogueReading ServerHost::begin_catalogue() {
    return part_.pool().catalogue_upkeep().begin();
}

void ServerHost::catalogue_read(const CataloguePtr& learned, const CatalogueReading& reading) {
    part_.catalogue_learned(learned, reading.version);
    part_.pool().catalogue_learned(learned, reading);
}

void ServerHost::catalogue_abandoned() {
    part_.pool().catalogue_upkeep().abandoned();
}

void ServerHost::forget_catalogue(CatalogueChange how) {
    part_.pool().registry().forget_catalogue(part_.pool(), how);
}

void ServerHost::definition_sent(Bytes text) {
    part_.pool().registry().definition_sent(part_.pool(), text);
}

void ServerHost::retire_idle_servers(Bytes text) {
    part_.pool().registry().retire_idle_servers(text);
}

// --- logins --------------------------------------------------------------------------------------

void ServerHost::logins_changed(const protocol::LoginChange& change) {
    part_.pool().registry().logins_changed(change);
}

void ServerHost::login_is_outdated() {
    part_.pool().logins_changed(server_.connection().generation);
}

void ServerHost::default_changed() {
    part_.pool().greetings().forget();
}

LoginDefaultsPtr ServerHost::intern(std::shared_ptr<LoginDefaults> defaults) {
    return part_.pool().greetings().intern(std::move(defaults));
}

Greeting ServerHost::note_login(const std::vector<Parameter>& reported,
                                const LoginDefaultsPtr& defaults) {
    return part_.pool().greetings().note_login(reported, defaults);
}

// --- channels ------------------------------------------------------------------------------------

void ServerHost::listener_wants(std::vector<std::string> channels) {
    TenantSession& session = server_.tenant()->session();
    if (!session.listening)
        session.listening = std::make_unique<Listening>(part_.context().index, session.id);
    part_.listeners().want(listener_of(server_), std::move(channels));
}

void ServerHost::listener_ended() {
    TenantSession& session = server_.tenant()->session();
    part_.listeners().end(*session.listening);
    session.listening.reset();
}

void ServerHost::marker_heard(std::string_view token) {
    part_.listeners().server_marked(listener_of(server_), token);
}

void ServerHost::notification_heard(std::string_view message) {
    part_.listeners().server_heard(listener_of(server_), message);
}

void ServerHost::session_state_leaked(const std::string& what) {
    const Pool& pool = part_.pool();
    pool.observer().session_state_leaked(pool.database(), pool.user(), what);
}

}  // namespace pgweir::pool
