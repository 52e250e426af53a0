// While a session's coroutine waits for something other than its client.
#pragma once

#include "daemon/client_session.hpp"
#include "daemon/worker.hpp"

namespace pgweir::daemon {

class ClientSession::Unwatched {
  public:
    explicit Unwatched(ClientSession& session) : exchange_(*session.exchange_) {
        session.worker_.unwatched.push_back(exchange_);
    }
    Unwatched(const Unwatched&) = delete;
    Unwatched& operator=(const Unwatched&) = delete;
    ~Unwatched() { exchange_.unlink(); }

  private:
    Exchange& exchange_;
};

}  // namespace pgweir::daemon
