#include "pool/session/session_rooms.hpp"

namespace pgweir::pool {

SessionRooms::SessionRooms(const Surroundings& around)
    : server(around.server),
      server_pid(around.server_pid),
      knowledge(around.knowledge),
      readers(around.readers),
      counters(around.counters),
      context({.server = around.server,
               .tracker = tracker,
               .knowledge = around.knowledge,
               .settings = around.settings}),
      statements({.statements = around.server.statements,
                  .unnamed = around.server.unnamed,
                  .tracker = tracker,
                  .suspected = suspicion.effects(),
                  .knowledge = around.knowledge,
                  .plans_renewed = around.counters.plans_renewed}),
      mentioned(around.knowledge),
      channels(around.marker_channel) {}

void SessionRooms::attach(TenantSession& session) {
    context.client = &session;
    reports.attach();
    events.question_answered = false;
    statements.attach({.statements = session.statements,
                       .limit = session.max_prepared_statements,
                       .tracking = session.tracking});
    startup.attach(
        {.startup = session.startup, .settings = session.settings, .follows = session.follows});
    if (session.defaults != server.defaults) keep_defaults(context);
}

void SessionRooms::detach() {
    context.client = nullptr;
    suspicion.forget();
    latest.forget_long_text();
    statements.detach();
    mentioned.clear();
    order.forget();
    set_up.forget();
    reports.forget();
    takes_stock = false;
    server.sequences.lease_ended();
    startup.detach();
    channels.forget();
}

bool SessionRooms::hub_serves() const {
    const std::string* const encoding = find_parameter(server.reported, "client_encoding");
    return hub_can_serve(encoding != nullptr ? std::string_view(*encoding) : std::string_view(),
                         server.at_login("server_encoding"));
}

std::string SessionRooms::restore_sql() const {
    return startup.restore_sql(
        server.at_login("session_authorization"),
        [this](std::string_view name) { return server.value_at_login(name); });
}

void SessionRooms::ask(Question question, std::string_view sql, std::string_view sticky_functions) {
    own_writer().query(question, sql, sticky_functions);
    server.unnamed = {};  // a simple query ends the unnamed statement
}

void SessionRooms::fail(SessionFault::Kind kind, std::string_view detail) {
    if (!news.fault) stir().fault = {.kind = kind, .detail = std::string(detail)};
}

}  // namespace pgweir::pool
