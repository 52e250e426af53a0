// The rest of the process, as clients and their workers see it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "daemon/auth/authentication.hpp"
#include "daemon/client/client_limits.hpp"
#include "daemon/client/login_room.hpp"
#include "daemon/console/console.hpp"
#include "daemon/tls/client_tls.hpp"
#include "pool/lending/registry.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::daemon {

/// What the workers ask of the rest of the process. Thread-safe.
struct Gateway {
    pool::Registry& registry;
    ClientLimits& limits;
    LoginRoom& logins;
    AuthShared& auth;
    ClientTlsStore& tls;
    console::Console& console;
    /// Brings a CancelRequest to the worker whose client has this key.
    /// `done` is called, on that worker, when the cancel has taken effect or never will.
    std::function<void(const protocol::CancelKey&, std::function<void()> done)> route_cancel;
    /// How many clients have come for the console.
    std::atomic<unsigned> console_clients{0};
    /// pgweir is shutting down: only the console lets anybody in.
    std::atomic<bool> is_shutting_down{false};
    /// Told of each client that leaves from then on.
    std::function<void()> client_has_left;
    /// Called by every worker from its own loop, several times a second.
    std::function<void(unsigned worker)> beat;
};

}  // namespace pgweir::daemon
