// While a session's coroutine waits for something other than its client.
#pragma once

#include "daemon/client_session.hpp"
#include "daemon/worker.hpp"

namespace pgweir::daemon {

class ClientSession::Unwatched {
  public:
    explicit Unwatched(ClientSession& session) : session_(session) {
        session.worker_.unwatched.push_back(session);
    }
    Unwatched(const Unwatched&) = delete;
    Unwatched& operator=(const Unwatched&) = delete;
    ~Unwatched() { session_.unwatched_.unlink(); }

  private:
    ClientSession& session_;
};

}  // namespace pgweir::daemon
