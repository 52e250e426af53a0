// While a session's coroutine waits for something other than its client.
#pragma once

#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"

namespace pgweir::daemon {

/// Has the worker's tick look for the client's end for as long as this lives.
class Unwatched {
  public:
    explicit Unwatched(ClientSession& client) : exchange_(client.tenant().exchange()) {
        client.worker().unwatched.push_back(exchange_);
    }
    Unwatched(const Unwatched&) = delete;
    Unwatched& operator=(const Unwatched&) = delete;
    ~Unwatched() { exchange_.unlink(); }

  private:
    Exchange& exchange_;
};

}  // namespace pgweir::daemon
