#include "pool/session/set_up.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>
#include <vector>

#include "pool/session/plans.hpp"
#include "pool/session/request_text.hpp"
#include "protocol/sql/custom_settings.hpp"
#include "protocol/sql/setting_fate.hpp"
#include "protocol/sql/sql_mention.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Origin;
using protocol::Step;

namespace {

constexpr std::string_view temp_buffers = "temp_buffers";

// What a request may need that goes in front of it with a Sync of its own, behind which it would no
// longer depend on the settings.
constexpr protocol::Effects needs_orders =
    Effect::names_statement | Effect::listens | Effect::reads_sequence;

}  // namespace

bool suits(const ServerSession& server, const TenantSession& client) {
    if (!server.had_temporary) return true;
    const std::string* const wanted = client.settings->find(temp_buffers);
    const std::string* const present = server.settings->find(temp_buffers);
    return wanted == nullptr ? present == nullptr : present != nullptr && *present == *wanted;
}

void keep_defaults(const SessionContext& context) {
    const LoginDefaultsPtr& here = context.server.defaults;
    TenantSession& client = *context.client;
    if (!here || client.defaults == here) return;
    const LoginDefaultsPtr began = std::exchange(client.defaults, here);
    if (!began) return;
    const SessionSettings kept(kept_defaults(*began, *here));
    if (kept.values().empty()) return;
    client.startup = context.settings.intern(merge(kept, *client.startup));
    client.settings = context.settings.intern(merge(kept, *client.settings));
}

bool needs_something_in_front(const SessionContext& context, Bytes text) {
    const protocol::Effects effects =
        protocol::look_at(text, context.knowledge.function_effects().get());
    return effects.only(needs_orders).any() ||
           context.server.sequences.may_have_to_discard(context.client->sequence_owner(),
                                                        effects) ||
           needs_new_plans(context, effects, text);
}

// --- requests ------------------------------------------------------------------------------------

bool SetUp::must_leave_for(const Step& step) const {
    if (!context_.server.had_temporary || context_.client->pins.any()) return false;
    return protocol::mentions(text_to_run(step, *context_.client), temp_buffers);
}

// The settings of a client may be another object with the same values. `text`: what is about to
// run, where that is known.
bool SetUp::is_there(Bytes text) {
    TenantSession& client = *context_.client;
    const bool has_plans = has_plans_of_another(context_);
    if (context_.server.settings == client.settings && !has_plans) return true;
    wanted_ = client.settings_refused ? without_given_up(*client.settings, text) : client.settings;
    if (has_plans || context_.server.settings->values() != wanted_->values()) return false;
    context_.server.settings = wanted_;
    client.settings_refused = false;
    return true;
}

bool SetUp::make_ready(const Step& step, RequestWriter& requests) {
    if (stage_ != Stage::none) return true;
    context_.server.plans.used_by(context_.client->id);
    if (context_.server.settings == context_.client->settings && !has_plans_of_another(context_))
        return true;
    const auto type = static_cast<Frontend>(step.type);
    const bool is_query = type == Frontend::query;
    const Bytes text = text_to_run(step, *context_.client);
    if (is_there(text)) return true;
    const bool has_parts = is_query || type == Frontend::function_call;
    is_alone_ = context_.client->listening != nullptr || (has_parts && !step.whole) ||
                (is_query && needs_something_in_front(context_, text));
    if (is_alone_) {
        begin(requests);
        return false;
    }
    if (lift_limits(requests)) return false;
    append(requests);
    stage_ = Stage::chained;
    return true;
}

bool SetUp::begin_alone(RequestWriter& requests) {
    if (is_there({})) return false;
    is_alone_ = true;
    begin(requests);
    return true;
}

// With nothing behind it.
void SetUp::begin(RequestWriter& requests) {
    if (lift_limits(requests)) return;
    append(requests);
    requests.sync(Question::set_up);
    stage_ = Stage::alone;
}

void SetUp::append(RequestWriter& requests) {
    assert(context_.tracker.releasable());
    ServerSession& server = context_.server;
    std::vector<std::string> statements = difference_sql(*server.settings, *wanted_);
    if (plans_are_anothers(context_, *wanted_)) {
        if (statements.empty()) statements = {"BEGIN", "COMMIT"};
        statements.insert(std::next(statements.begin()), std::string(discard_plans));
        server.plans.discarded_for(context_.client->id);
    }
    before_ = std::exchange(server.settings, wanted_);
    for (const std::string& sql : statements) requests.run_unnamed(Origin::pool, sql);
    // Where nothing is put in the place of the client's statements, none of pgweir's is to be
    // there.
    if (!context_.client->follows) requests.close(Origin::pool, {});
    server.unnamed = {.statement = unknown_statement()};
}

// What the client before allowed its statements in time is no limit to the set-up of the next one.
// False: there is none.
bool SetUp::lift_limits(RequestWriter& requests) {
    ServerSession& server = context_.server;
    const std::vector<Parameter> limits = limits_to_lift(*server.settings, *wanted_);
    if (limits.empty()) return false;
    std::string sql;
    for (const auto& [name, none] : limits) sql += setting_sql(name, none, false) + ';';
    lifted_ = server.settings;
    for (const auto& [name, none] : limits)
        lifted_ = context_.settings.intern(with(*lifted_, name, none));
    stage_ = Stage::lifting;
    requests.query(Question::lift_limits, sql);
    server.unnamed = {};  // a simple query ends it
    return true;
}

// Behind the set-up only what PostgreSQL refuses together with it may be sent: up to the client's
// first ReadyForQuery.
void SetUp::sent(Frontend type) {
    if (stage_ != Stage::chained) return;
    const bool ends =
        type == Frontend::query || type == Frontend::function_call || type == Frontend::sync;
    if (ends) stage_ = Stage::closed;
}

// --- answers -------------------------------------------------------------------------------------

// The limits hold for this as well: where it took too long, it is tried again.
std::optional<std::string> SetUp::limits_lifted(const Questions::Answer& answer,
                                                RequestWriter& requests) {
    constexpr unsigned most = 20;
    stage_ = Stage::none;
    if (answer.error) {
        const bool again = answer.failed_with(protocol::sqlstate::query_canceled) ||
                           answer.failed_with(protocol::sqlstate::lock_not_available);
        if (!again || ++lifting_failed_ > most)
            return "the former client's limits stay: " + answer.error->message;
    } else {
        context_.server.settings = lifted_;
        lifting_failed_ = 0;
    }
    // A request that waits comes again.
    if (context_.client == nullptr || !is_alone_) return std::nullopt;
    const bool is_set = context_.server.settings->values() == wanted_->values();
    if (!is_set || has_plans_of_another(context_)) {
        begin(requests);
    } else {
        is_alone_ = false;
        finished_ = true;
    }
    return std::nullopt;
}

void SetUp::committed() {
    if (!is_being_judged()) return;
    if (stage_ != Stage::alone) {
        stage_ = Stage::none;
        reports_due_ = context_.client != nullptr;  // whoever has left is told nothing
    }
    if (context_.client != nullptr) context_.client->settings_refused = false;
}

void SetUp::answered() {
    stage_ = Stage::none;
    is_alone_ = false;
    finished_ = true;
}

// PostgreSQL discards what was sent behind the set-up, up to a Sync.
std::string SetUp::refused(protocol::ErrorReport report, RequestWriter& requests) {
    const Stage before = std::exchange(stage_, Stage::none);
    context_.server.settings = before_;
    context_.server.plans.lost_track();
    if (context_.client == nullptr) return {};
    context_.client->settings_refused = true;
    forget_refused_setting(report);
    report.severity = "ERROR";
    protocol::append_error_response(refusal_, report);
    if (before == Stage::alone) {
        error_ = std::move(report);
        stage_ = before;  // up to its Sync
        return {};
    }
    // Behind a Query or a FunctionCall stands no Sync of the client's: this one's ReadyForQuery is
    // that of the request.
    if (before == Stage::closed && context_.tracker.discarding()) requests.sync_of_client();
    return refusal_;
}

// A name that a module has reserved since: PostgreSQL would have removed the setting from its
// session when it loaded the module.
void SetUp::forget_refused_setting(const protocol::ErrorReport& report) {
    if (report.code != protocol::sqlstate::invalid_name &&
        report.code != protocol::sqlstate::insufficient_privilege)
        return;
    TenantSession& client = *context_.client;
    for (const auto& [name, value] : std::vector<Parameter>(client.settings->values())) {
        const bool is_meant = protocol::is_custom_setting_name(name) &&
                              report.message.find('"' + name + '"') != std::string::npos;
        if (is_meant) client.settings = context_.settings.intern(without(*client.settings, name));
    }
}

// Whose role is gone can still RESET it: what the statement is about to change anyhow is left out.
SettingsPtr SetUp::without_given_up(const SessionSettings& settings, Bytes text) const {
    std::vector<Parameter> kept = settings.values();
    const protocol::SettingFates fates(text);
    std::erase_if(kept, [&fates](const Parameter& setting) {
        return fates.of(setting.first) != protocol::SettingFate::untouched;
    });
    return context_.settings.intern(std::move(kept));
}

std::optional<protocol::ErrorReport> SetUp::take_result() {
    assert(finished_);
    finished_ = false;
    return std::exchange(error_, std::nullopt);
}

void SetUp::forget() {
    is_alone_ = false;
    reports_due_ = false;
    error_.reset();
    refusal_.clear();
}

}  // namespace pgweir::pool
