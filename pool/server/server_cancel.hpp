// The cancels of what one server is doing.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "pool/connect/server_connection.hpp"
#include "pool/io/suspension.hpp"
#include "pool/server/server_home.hpp"

namespace pgweir::pool {

class Server;

/// Carries CancelRequests for one server, over a connection of their own, and knows whether one may
/// still arrive. Part of a Server; lives on its worker.
class ServerCancel {
  public:
    /// Called when a cancel has come to its end.
    using Done = std::function<void()>;

    ServerCancel(Server& server, ServerHome& home) : server_(server), home_(home) {}

    /// Cancels what is running now. The server is lent to nobody else before the request has
    /// arrived and taken effect. `done`: when it has, or when it never will. One does for all that
    /// ask at the same time.
    void send(Done done = {});
    /// One is on its way.
    [[nodiscard]] bool is_under_way() const { return is_under_way_; }
    /// One may still arrive some time.
    [[nodiscard]] bool is_uncertain() const { return is_uncertain_; }

  private:
    Task<> carry();

    Server& server_;
    ServerHome& home_;
    std::vector<Done> done_;
    bool is_under_way_ = false;
    bool is_uncertain_ = false;
};

}  // namespace pgweir::pool
