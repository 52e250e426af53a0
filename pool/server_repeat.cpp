// A prepared statement whose plan does not fit the tables any more: prepared again, and asked again
// where that can be done unseen.
#include "pool/pool_part.hpp"
#include "pool/server.hpp"

namespace pgweir::pool {

using protocol::Origin;

namespace {

// "cached plan must not change result type", by the function that says it (lc_messages may say it
// in any language); or a statement of pgweir's is gone, by a DEALLOCATE that was not seen.
bool tells_of_stale_plan(const protocol::ErrorReport& report) {
    constexpr std::string_view no_such_statement = "26000";
    return (report.code == protocol::sqlstate::feature_not_supported &&
            report.routine == "RevalidateCachedQuery") ||
           (report.code == no_such_statement &&
            report.message.find(server_name_prefix) != std::string::npos);
}

}  // namespace

// True when the error is kept back, as the query is going to be asked again.
bool Server::take_stale_plan(const protocol::ErrorReport& report, Bytes message) {
    if (tenant_ == nullptr || !tells_of_stale_plan(report)) return false;
    for (const Burst::Named& named : burst_.statements()) {
        connection_.statements.mark_stale(*named.statement);
    }
    if (!burst_.repeatable()) return false;
    kept_back_ = message;
    return true;
}

// The server is idle again. What the client was to have in the meantime, if it has to have it.
Bytes Server::repeat_burst(Bytes ready) {
    if (!tenant_->between_requests()) {
        // It asks on already: what comes now would come too late.
        kept_back_.append(ready);
        return told_.emplace_back(std::exchange(kept_back_, {}));
    }
    kept_back_.clear();
    part_.statistics().plans_renewed.add();
    burst_.repeated();
    const Burst burst = burst_;  // what follows is noted in it as well
    Outgoing out;
    for (const Burst::Named& named : burst.statements()) prepare(named.statement, named.name, out);
    auto operation = burst.operations().begin();
    std::size_t answered = burst.answered();
    for (const auto& [type, asked_by, has_operation] : burst.messages()) {
        const bool again = asked_by == Origin::client && answered > 0;
        if (again) --answered;
        const Origin origin = again ? Origin::injected : asked_by;
        if (has_operation) {
            register_operation(type, origin, *operation++);
        } else {
            tracker_.sent(type, origin);
        }
    }
    send(out.own() + burst.bytes());
    return {};
}

}  // namespace pgweir::pool
