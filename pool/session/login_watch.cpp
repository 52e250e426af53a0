#include "pool/session/login_watch.hpp"

#include <memory>
#include <utility>

namespace pgweir::pool {

using protocol::TransactionStatus;

bool LoginWatch::introduce() {
    if (!host_.watches_login()) {
        note_login();
        return false;
    }
    rooms_.ask(Question::login_defaults,
               login_defaults_question(rooms_.server.at_login("session_authorization"),
                                       rooms_.server.at_login("is_superuser") == "on"));
    return true;
}

void LoginWatch::ask_for_sources() {
    rooms_.ask(Question::login_sources,
               login_sources_question(rooms_.server.at_login("session_authorization")));
}

void LoginWatch::defaults_answered(Questions::Answer& answer) {
    auto found = answer.take<std::shared_ptr<LoginDefaults>>();
    if (found) rooms_.server.defaults = host_.intern(std::move(found));
    rooms_.server.reported_at_login =
        std::make_shared<const std::vector<Parameter>>(rooms_.server.reported);
    rooms_.reports.forget_changes();
    note_login();
}

void LoginWatch::sources_answered(Questions::Answer& answer) {
    const auto found = answer.take<std::shared_ptr<LoginDefaults>>();
    if (!found) return;
    if (rooms_.server.defaults && rooms_.server.defaults->sources != found->sources) {
        rooms_.server.is_worn_out = true;  // at once; the others when their workers hear of it
        host_.login_is_outdated();
        return;
    }
    learn_defaults();
    note_login();
}

// What an older server knows is no news.
void LoginWatch::note_login() {
    if (!host_.is_current()) return;
    rooms_.server.reported_at_login =
        host_.note_login(*rooms_.server.reported_at_login, rooms_.server.defaults);
}

void LoginWatch::learn_defaults() {
    if (!rooms_.reports.learn_defaults()) return;
    note_login();
    if (rooms_.reports.has_heard_defaults()) rooms_.client().told = rooms_.server.reported_at_login;
}

// Where several statements are under way, the text at hand may be another one's.
void LoginWatch::note_tag(Bytes tag) {
    if (!protocol::changes_logins(tag)) return;
    const bool is_plain = rooms_.latest.is_alone() && rooms_.latest.is_known();
    changes_.push_back(is_plain ? protocol::login_change(rooms_.latest.text())
                                : protocol::LoginChange{});
}

void LoginWatch::publish_changes() {
    if (changes_.empty() || rooms_.tracker.transaction_status() != TransactionStatus::idle) return;
    for (const protocol::LoginChange& change : std::exchange(changes_, {}))
        host_.logins_changed(change);
}

}  // namespace pgweir::pool
