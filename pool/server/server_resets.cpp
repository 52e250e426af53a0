// When what a client's RESET goes back to is restored (pool/session/startup_settings says what).
#include "pool/server/server.hpp"
#include "pool/session/request_text.hpp"
#include "protocol/sql/statement_shape.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Frontend;
using protocol::TransactionStatus;

// In session pooling the only thing that the server cannot know by itself: what a RESET goes back
// to.
bool Server::restore_after_reset() {
    if (!suspicion_.take_effects().contains(Effect::reset)) return false;
    const std::string sql = restore_sql();
    startup_.forget_resets();
    if (sql.empty()) return false;
    Outgoing out;
    order_statement(sql, out);
    send(out);
    return true;
}

std::string Server::restore_sql() const {
    return startup_.restore_sql(
        connection_.at_login("session_authorization"),
        [this](std::string_view name) { return connection_.value_at_login(name); });
}

// The client must not see the login's value even for the rest of its transaction.
void Server::restore_in_transaction() {
    if (!suspicion_.contains(Effect::reset) || !tracker_.quiet() || delivering_ ||
        tracker_.transaction_status() != TransactionStatus::in_transaction ||
        !tenant_->between_requests()) {
        return;
    }
    suspicion_.remove(Effect::reset);
    suspicion_.add(Effect::state);
    // One statement has run: it may say by itself what it resets, and for how long.
    std::vector<std::string> statements;
    if (latest_.is_alone()) statements = startup_.plainly_restoring(reports_.cause());
    if (statements.empty()) {
        std::string sql = restore_sql();
        if (!sql.empty()) statements.push_back(std::move(sql));
    }
    startup_.forget_resets();
    if (statements.empty()) return;
    Outgoing out;
    order_statements(statements, out);
    send(out);
}

// The same where the client does not wait for the reply to what may have been a RESET: before
// anything runs that may read a setting.
void Server::restore_in_pipeline(const protocol::Step& step, Outgoing& out) {
    const auto type = static_cast<Frontend>(step.type);
    // A Parse reads its text by the settings, and may compute its constants.
    const bool may_read = type == Frontend::query || type == Frontend::parse ||
                          type == Frontend::bind || type == Frontend::execute;
    if (!may_read || resets_alone(step)) return;
    startup_.restored_in_front();
    const std::string sql = restore_sql();
    if (sql.empty()) return;
    if (!tracker_.wants_sync()) {
        order_statement(sql, out);
    } else if (!tracker_.may_have_failed()) {
        // In a failed transaction it would take the place of the client's ROLLBACK.
        inject_statement(sql, out);
    }
}

// DISCARD ALL runs behind nothing but another one in a pipeline, and would reset what is restored
// in front of it.
bool Server::resets_alone(const protocol::Step& step) const {
    const bool is_noted =
        static_cast<Frontend>(step.type) == Frontend::execute || !client().follows;
    const Bytes text = is_noted ? Bytes(latest_.text()) : text_to_run(step, client());
    return protocol::runs_alone(text) && protocol::look_at(text, nullptr).contains(Effect::reset);
}

}  // namespace pgweir::pool
