// What sessions begin with: asked of each server when it has logged in and now and then, kept for
// the client that began with something else, and told where it has changed.
#include <algorithm>

#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/lending/registry.hpp"
#include "pool/server/server.hpp"
#include "protocol/sql/custom_settings.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::TransactionStatus;

bool Server::is_current() const {
    return !connection_.is_worn_out && connection_.generation == part_.setup()->generation;
}

// --- asking --------------------------------------------------------------------------------------

bool Server::asks_for_defaults() const {
    return part_.options().login_defaults_interval > milliseconds::zero() &&
           connection_.place == Place::shared;
}

void Server::introduce() {
    const std::string& first = part_.options().connect_query;
    if (!first.empty()) {
        introducing_ = true;
        // Without success the server is closed.
        ask(Question::cleaning, first);
    }
    if (!asks_for_defaults()) {
        if (introducing_) {
            note_defaults();
            return;
        }
        note_defaults();
        part_.opener().introduced(*this);
        return;
    }
    introducing_ = true;
    ask(Question::login_defaults,
        login_defaults_question(connection_.at_login("session_authorization"),
                                connection_.at_login("is_superuser") == "on"));
}

void Server::check_defaults() {
    lifecycle_.to(State::cleaning);
    is_checked_ = true;
    ask_for_sources();
}

void Server::probe(std::string_view query) {
    lifecycle_.to(State::cleaning);
    is_probed_ = true;
    ask(Question::cleaning, query == "<empty>" ? std::string_view() : query);
}

bool Server::confirm_defaults() {
    if (!asks_for_defaults()) return false;
    ask_for_sources();
    return true;
}

void Server::ask_for_sources() {
    ask(Question::login_sources,
        login_sources_question(connection_.at_login("session_authorization")));
}

// --- ALTER ROLE and the like ---------------------------------------------------------------------

// Where several statements are under way, the text at hand may be another one's.
void Server::note_login_change(Bytes tag) {
    if (!protocol::changes_logins(tag)) return;
    const bool is_plain = latest_.is_alone() && latest_.is_known();
    login_changes_.push_back(is_plain ? protocol::login_change(latest_.text())
                                      : protocol::LoginChange{});
}

// Before the client hears that it is done: who logs in after that finds it.
void Server::publish_login_changes() {
    if (tracker_.transaction_status() != TransactionStatus::idle) return;
    for (const protocol::LoginChange& change : std::exchange(login_changes_, {})) {
        part_.pool().registry().logins_changed(change);
    }
}

// --- answers -------------------------------------------------------------------------------------

void Server::login_defaults_answered(Questions::Answer& answer) {
    auto found = answer.take<std::shared_ptr<LoginDefaults>>();
    if (found) connection_.defaults = part_.pool().greetings().intern(std::move(found));
    connection_.reported_at_login =
        std::make_shared<const std::vector<Parameter>>(connection_.reported);
    reports_.forget_changes();
    note_defaults();
}

void Server::login_sources_answered(Questions::Answer& answer) {
    const auto found = answer.take<std::shared_ptr<LoginDefaults>>();
    if (!found) return;
    if (connection_.defaults && connection_.defaults->sources != found->sources) {
        connection_.is_worn_out = true;  // at once; the others when their workers hear of it
        part_.pool().logins_changed(connection_.generation);
        return;
    }
    learn_defaults();
    note_defaults();
}

// What an older server knows is no news.
void Server::note_defaults() {
    if (!is_current()) return;
    connection_.reported_at_login =
        part_.pool().greetings().note_login(*connection_.reported_at_login, connection_.defaults);
}

void Server::learn_defaults() {
    if (!reports_.learn_defaults()) return;
    note_defaults();
    if (reports_.has_heard_defaults()) client().told = connection_.reported_at_login;
}

}  // namespace pgweir::pool
