// A pool in small: clients, each beside the session that it would have without pgweir, and servers
// that are models behind a SessionKeeper each.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/session/session_keeper.hpp"
#include "protocol/wire/frame_scanner.hpp"
#include "tests/unit/session/session_backend.hpp"

namespace pgweir::pool {

class ModelServer;

/// A client of the pool.
struct ModelSession {
    ModelSession(std::uint64_t id, ModelDatabase& database, SettingsInterner& settings,
                 const SessionBackend::Settings& startup);

    [[nodiscard]] bool may_release() const { return !session.pins.any(); }
    /// Nothing that it has asked is unanswered.
    [[nodiscard]] bool is_answered() const { return held_back.empty() && owed == 0; }

    TenantSession session;
    SessionBackend direct;
    std::string expected;  ///< what its own session has said
    std::string told;      ///< what the pool's servers have said
    std::deque<std::string> held_back;
    std::size_t owed = 0;     ///< ReadyForQuery that it waits for
    bool wants_sync = false;  ///< the last message was of an extended query, and no Sync
    ModelServer* server = nullptr;
};

/// What all servers of a model share.
struct ModelPool {
    ModelDatabase database;
    PoolKnowledge knowledge;
    SettingsInterner settings;
    SequenceReaders readers;
    SessionCounters counters;
    conf::PoolOptions options;
    std::chrono::steady_clock::time_point now;
    bool others_wait = false;
    bool catalogue_is_due = true;
};

/// One server: does for its SessionKeeper what pool::Server does, with strings for sockets.
class ModelServer final : public SessionHost {
  public:
    ModelServer(ModelPool& pool, std::string name);

    [[nodiscard]] bool is_free() const { return client_ == nullptr && is_idle_; }
    [[nodiscard]] ModelSession* client() const { return client_; }
    void lend_to(ModelSession& client);
    /// The client has one more message.
    void send(const std::string& message);
    /// So many bytes of what the server has said arrive.
    void receive(std::size_t size);
    void receive_all() { receive(std::string::npos); }
    /// The client closes its connection.
    void abandon();
    /// Others wait: a client that keeps the server only until then has to give it up.
    void take_back();
    [[nodiscard]] SessionBackend& backend() { return backend_; }
    /// All that it has said has arrived.
    [[nodiscard]] bool is_silent() const { return said_.empty() && buffer_.empty(); }

    /// What is wrong, if anything is.
    [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

  private:
    // SessionHost.
    [[nodiscard]] const conf::PoolOptions& options() const override { return pool_.options; }
    [[nodiscard]] TimePoint now() const override { return pool_.now; }
    [[nodiscard]] bool is_current() const override { return true; }
    [[nodiscard]] bool is_idle() const override { return is_idle_; }
    [[nodiscard]] bool watches_login() const override { return false; }
    [[nodiscard]] bool client_may_release() const override { return client_->may_release(); }
    [[nodiscard]] bool others_wait() const override { return pool_.others_wait; }
    [[nodiscard]] std::optional<TimePoint> oldest_waiting() const override {
        return pool_.others_wait ? std::optional(pool_.now) : std::nullopt;
    }
    [[nodiscard]] std::optional<CatalogueReading> claim_catalogue() override;
    [[nodiscard]] CatalogueReading begin_catalogue() override { return {.begun = pool_.now}; }
    void catalogue_read(const CataloguePtr& learned, const CatalogueReading& reading) override;
    void catalogue_abandoned() override {}
    void forget_catalogue(CatalogueChange /*how*/) override {}
    void definition_sent(Bytes /*text*/) override {}
    void retire_idle_servers(Bytes /*text*/) override {}
    void logins_changed(const protocol::LoginChange& /*change*/) override {}
    void login_is_outdated() override {}
    void default_changed() override {}
    [[nodiscard]] LoginDefaultsPtr intern(std::shared_ptr<LoginDefaults> defaults) override {
        return defaults;
    }
    [[nodiscard]] Greeting note_login(const std::vector<Parameter>& reported,
                                      const LoginDefaultsPtr& /*defaults*/) override;
    void listener_wants(std::vector<std::string> channels) override;
    void listener_ended() override { client_->session.listening.reset(); }
    void marker_heard(std::string_view /*token*/) override {}
    void notification_heard(std::string_view /*message*/) override {}
    void session_state_leaked(const std::string& what) override { fail("a leak: " + what); }

    void offer_held_back();
    [[nodiscard]] bool offer(const std::string& message);
    void say(Outgoing& out);
    bool obey();
    [[nodiscard]] bool scan();
    void after_delivery();
    void release_if_done();
    void end_lease();
    void clean();
    void check_that_it_is_clean();
    void fail(const std::string& what) {
        if (!problem_) problem_ = what;
    }

    ModelPool& pool_;
    const std::string name_;  ///< in a trace
    SessionBackend backend_;
    ServerSession session_;
    SessionKeeper keeper_;
    protocol::FrameScanner scanner_;
    ModelSession* client_ = nullptr;
    bool is_idle_ = true;
    std::string said_;  ///< by the server, and not arrived
    std::string buffer_;
    std::optional<std::string> problem_;
};

}  // namespace pgweir::pool
