// What a server's session has around it in a pool.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pool/session/session_host.hpp"

namespace pgweir::pool {

class PoolPart;
class Server;

/// The pool's side of one server's SessionKeeper. Owned by the server; lives on its worker.
class ServerHost final : public SessionHost {
  public:
    /// Both outlive the object.
    ServerHost(PoolPart& part, const Server& server) : part_(part), server_(server) {}

    [[nodiscard]] const conf::PoolOptions& options() const override;
    [[nodiscard]] TimePoint now() const override;
    [[nodiscard]] bool is_current() const override;
    [[nodiscard]] bool is_idle() const override;
    [[nodiscard]] bool watches_login() const override;
    [[nodiscard]] bool client_may_release() const override;

    [[nodiscard]] bool others_wait() const override;
    [[nodiscard]] std::optional<TimePoint> oldest_waiting() const override;

    [[nodiscard]] std::optional<CatalogueReading> claim_catalogue() override;
    [[nodiscard]] CatalogueReading begin_catalogue() override;
    void catalogue_read(const CataloguePtr& learned, const CatalogueReading& reading) override;
    void catalogue_abandoned() override;
    void forget_catalogue(CatalogueChange how) override;
    void definition_sent(Bytes text) override;
    void retire_idle_servers(Bytes text) override;

    void logins_changed(const protocol::LoginChange& change) override;
    void login_is_outdated() override;
    void default_changed() override;
    [[nodiscard]] LoginDefaultsPtr intern(std::shared_ptr<LoginDefaults> defaults) override;
    [[nodiscard]] Greeting note_login(const std::vector<Parameter>& reported,
                                      const LoginDefaultsPtr& defaults) override;

    void listener_wants(std::vector<std::string> channels) override;
    void listener_ended() override;
    void marker_heard(std::string_view token) override;
    void notification_heard(std::string_view message) override;

    void session_state_leaked(const std::string& what) override;

  private:
    PoolPart& part_;
    const Server& server_;
};

}  // namespace pgweir::pool
