#include "pool/server/server_lifecycle.hpp"

namespace pgweir::pool {

namespace {

Counter* gauge(PoolStatistics& statistics, ServerState state) {
    switch (state) {
        case ServerState::idle:
            return &statistics.servers_idle;
        case ServerState::leased:
            return &statistics.servers_active;
        case ServerState::cleaning:
            return &statistics.servers_reset;
        case ServerState::leaving:
        case ServerState::closed:
            break;
    }
    return nullptr;
}

}  // namespace

void ServerLifecycle::count(bool comes) {
    Counter* const counter = gauge(statistics_, state_);
    if (counter == nullptr) return;
    if (comes) {
        counter->add();
    } else {
        counter->subtract();
    }
}

}  // namespace pgweir::pool
