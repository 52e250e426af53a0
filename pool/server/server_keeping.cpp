// What a resting client keeps its server for only until somebody else has to wait for one: settings
// whose names were not seen, values of sequences.
#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/server/server.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

namespace {

std::string notice_of_reset() {
    std::string notice;
    protocol::append_notice_response(
        notice,
        {.severity = "WARNING",
         .code = std::string(protocol::sqlstate::warning),
         .message = "settings of this session were reset whose names pgweir has not seen",
         .hint =
             "Name a setting in the text of the statement that sets it, or in its parameters."});
    return notice;
}

}  // namespace

std::optional<Clock::time_point> Server::kept_until() const {
    if (!lifecycle_.is(State::leased) || !rests() || set_up_.is_refused() ||
        !tenant_->between_requests())
        return {};
    const Pins pins = client().pins;
    Pins others = pins;
    others.remove(PinReason::custom_setting);
    others.remove(PinReason::sequence);
    if (others.any() || !pins.any()) return {};
    if (!pins.contains(PinReason::sequence)) return Clock::time_point();
    ClientsProgram program = tenants_program();
    return connection_.sequences.kept_until(program);
}

void Server::give_up() {
    Tenant& tenant = *tenant_;
    const bool resets = tenant.session().pins.contains(PinReason::custom_setting);
    set_pins({});
    if (resets) reset_unseen_settings();
    end_lease();
    if (resets) tenant.notify(std::make_shared<const std::string>(notice_of_reset()));
}

void Server::kept_long_enough() {
    if (kept_until() && !client().pins.contains(PinReason::custom_setting)) give_up();
}

}  // namespace pgweir::pool
