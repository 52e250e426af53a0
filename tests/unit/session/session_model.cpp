#include "tests/unit/session/session_model.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

namespace {

constexpr protocol::TypeSet all_messages = protocol::TypeSet::all();
constexpr protocol::TypeSet all_but_rows = [] {
    protocol::TypeSet set = protocol::TypeSet::all();
    set.remove(static_cast<char>(protocol::Backend::data_row));
    return set;
}();

SettingsPtr settings_of(const SessionBackend::Settings& startup, SettingsInterner& settings) {
    return settings.intern({startup.begin(), startup.end()});
}

std::size_t count_ready(Bytes replies) {
    std::size_t count = 0;
    while (!replies.empty()) {
        if (replies.front() == 'Z') ++count;
        replies.remove_prefix(1 + protocol::read_uint32(replies.substr(1)));
    }
    return count;
}

// With MODEL_TRACE in the environment: shows the messages, a line each.
void trace(const std::string& what, Bytes messages) {
    static const bool is_wanted = std::getenv("MODEL_TRACE") != nullptr;
    while (is_wanted && !messages.empty()) {
        const std::size_t size = 1 + protocol::read_uint32(messages.substr(1));
        std::string shown = what + ' ';
        for (const char c : messages.substr(0, size)) shown += c >= ' ' && c <= '~' ? c : '.';
        std::cerr << shown << '\n';
        messages.remove_prefix(size);
    }
}

}  // namespace

ModelSession::ModelSession(std::uint64_t id, ModelDatabase& database, SettingsInterner& settings,
                           const SessionBackend::Settings& startup)
    : direct(database, startup) {
    session.id = id;
    session.startup = session.settings = settings_of(startup, settings);
    session.greeting = std::make_shared<const std::vector<Parameter>>(direct.reported());
    session.told =
        std::make_shared<const std::vector<Parameter>>(SessionBackend(database).reported());
    session.follows = true;
    session.max_prepared_statements = 10;
}

ModelServer::ModelServer(ModelPool& pool, std::string name)
    : pool_(pool),
      name_(std::move(name)),
      backend_(pool.database),
      keeper_({.server = session_,
               .server_pid = 1,
               .knowledge = pool.knowledge,
               .settings = pool.settings,
               .readers = pool.readers,
               .counters = pool.counters,
               .marker_channel = "pgweir_marker"},
              *this),
      scanner_(all_messages, 16384) {
    session_.reported = backend_.reported();
    session_.reported_at_login = std::make_shared<const std::vector<Parameter>>(session_.reported);
    session_.settings = pool.settings.none();
    if (keeper_.introduce()) fail("nothing is asked of a login");
}

// --- SessionHost ---------------------------------------------------------------------------------

std::optional<CatalogueReading> ModelServer::claim_catalogue() {
    if (!std::exchange(pool_.catalogue_is_due, false)) return std::nullopt;
    return CatalogueReading{.begun = pool_.now};
}

void ModelServer::catalogue_read(const CataloguePtr& learned, const CatalogueReading& /*reading*/) {
    pool_.knowledge.learn(learned, true);
}

Greeting ModelServer::note_login(const std::vector<Parameter>& reported,
                                 const LoginDefaultsPtr& /*defaults*/) {
    return std::make_shared<const std::vector<Parameter>>(reported);
}

// The hub never comes to listen: the client keeps its server.
void ModelServer::listener_wants(std::vector<std::string> channels) {
    auto& listening = client_->session.listening;
    if (!listening) listening = std::make_unique<Listening>(0, client_->session.id);
    listening->channels = std::move(channels);
}

// --- as pool::Server -----------------------------------------------------------------------------

void ModelServer::lend_to(ModelSession& client) {
    client_ = &client;
    client.server = this;
    is_idle_ = false;
    client.session.told = session_.reported_at_login;
    keeper_.attach(client.session);
}

void ModelServer::send(const std::string& message) {
    ModelSession& client = *client_;
    const std::string replies = client.direct.take(message);
    client.expected += replies;
    trace("client " + std::to_string(client.session.id) + " says", message);
    trace("  and hears", replies);
    client.owed += count_ready(replies);
    client.held_back.push_back(message);
    offer_held_back();
}

void ModelServer::offer_held_back() {
    while (client_ != nullptr && !client_->held_back.empty()) {
        const std::string message = client_->held_back.front();
        if (!offer(message)) return;
        if (client_ == nullptr) return;
        client_->held_back.pop_front();
    }
}

bool ModelServer::offer(const std::string& message) {
    const protocol::Step step{.kind = protocol::Step::Kind::frame,
                              .size = message.size(),
                              .type = message.front(),
                              .body = Bytes(message).substr(protocol::header_size),
                              .whole = true};
    Outgoing out;
    bool taken = false;
    if (keeper_.must_hold_back(step)) {
        keeper_.ask_for_answers(out);
    } else {
        const HandOver ready = keeper_.make_ready(step, out);
        if (ready == HandOver::leaves) fail("no server is of no use here");
        taken = ready == HandOver::now;
        if (taken) keeper_.request(step, message, out);
    }
    say(out);
    return obey() && taken;
}

void ModelServer::say(Outgoing& out) {
    std::string bytes;
    for (const iovec& part : out.parts())
        bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
    out.clear();
    trace(name_ + " <-", bytes);
    const std::string replies = backend_.take(bytes);
    trace(name_ + " ->", replies);
    said_ += replies;
}

bool ModelServer::obey() {
    if (!keeper_.is_stirred()) return true;
    const SessionNews news = keeper_.take_news();
    if (news.fault) fail("the server is lost: " + news.fault->detail);
    say(keeper_.own());
    return !news.fault;
}

void ModelServer::receive(std::size_t size) {
    while (size > 0 && !said_.empty() && !problem_) {
        const std::string part = said_.substr(0, size);
        said_.erase(0, part.size());
        size -= std::min(size, part.size());
        buffer_ += part;
        if (!scan()) return;
        for (const iovec& piece : keeper_.delivery().pieces()) {
            if (client_ != nullptr)
                client_->told.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        }
        keeper_.delivery().clear();
        after_delivery();
        offer_held_back();
    }
}

bool ModelServer::scan() {
    std::string held;
    std::size_t done = 0;
    while (true) {
        scanner_.want(keeper_.reads_rows() ? all_messages : all_but_rows);
        const Bytes rest = Bytes(buffer_).substr(done);
        const protocol::Step step = scanner_.next(rest);
        Reply reply;
        if (step.kind == protocol::Step::Kind::more) break;
        if (step.kind == protocol::Step::Kind::invalid) {
            fail("the model's server breaks the protocol");
            return false;
        }
        const Bytes bytes = rest.substr(0, step.size);
        if (step.kind == protocol::Step::Kind::pass) {
            reply = keeper_.more_of_reply(bytes, scanner_.at_boundary());
        } else {
            reply = keeper_.reply(step, bytes);
        }
        if (!obey()) return false;
        if (reply.ends && client_->owed == 0) fail("a ReadyForQuery that nothing asked for");
        if (reply.ends && client_->owed > 0) --client_->owed;
        if (!reply.bytes.empty())
            keeper_.delivery().add(keeper_.delivery().keep(std::string(reply.bytes)));
        done += step.size;
    }
    buffer_.erase(0, done);
    return true;
}

void ModelServer::after_delivery() {
    if (keeper_.set_up_is_finished()) std::ignore = keeper_.take_set_up_result();
    keeper_.events() = {};
    if (client_ == nullptr) {
        clean();
        return;
    }
    if (!keeper_.request_waits()) release_if_done();
}

void ModelServer::release_if_done() {
    const AtRest rest = keeper_.at_rest(true);
    if (!obey()) return;
    if (rest == AtRest::refused) fail("the model refuses no set-up");
    if (rest == AtRest::settled && client_->may_release() && client_->held_back.empty())
        end_lease();
}

void ModelServer::end_lease() {
    keeper_.leaves();
    keeper_.detach();
    std::exchange(client_, nullptr)->server = nullptr;
    if (keeper_.ask_for_catalogue()) {
        obey();
    } else {
        clean();
    }
}

void ModelServer::take_back() {
    if (client_ == nullptr || !client_->is_answered() || !said_.empty()) return;
    if (!keeper_.tracker().releasable() || client_->may_release()) return;
    const auto until = keeper_.kept_until();
    if (!until || *until > pool_.now) return;
    // What the client loses by that is not in the model.
    if (keeper_.give_up()) fail("the client has set nothing under a name that was not seen");
    obey();
    end_lease();
}

void ModelServer::abandon() {
    if (!keeper_.abandon({})) fail("nothing in the model cannot be undone");
    keeper_.detach();
    std::exchange(client_, nullptr)->server = nullptr;
    keeper_.delivery().clear();
    clean();
}

void ModelServer::clean() {
    if (is_idle_) return;
    const CleaningStep step = keeper_.clean({});
    if (step == CleaningStep::close_unsynced) {
        // It is closed, and another takes its place: the model takes what a login would bring.
        fail("closed");
        return;
    }
    if (!reason_to_close(step).empty()) fail(std::string(reason_to_close(step)));
    if (step == CleaningStep::done) {
        is_idle_ = true;
        check_that_it_is_clean();
    }
    obey();
}

// What is believed of the server is what the model has.
void ModelServer::check_that_it_is_clean() {
    if (!backend_.is_idle()) fail("a transaction is open in a free server");
    if (!backend_.channels().empty()) fail("a free server listens");
    if (backend_.has_statements_of_sql()) fail("a free server has a statement of SQL");
    for (const auto& [name, text] : backend_.statements()) {
        if (!name.starts_with(server_name_prefix)) fail("a free server has a client's " + name);
    }
    session_.statements.for_each([&](const Statement& statement) {
        const auto found = backend_.statements().find(statement.server_name());
        if (found == backend_.statements().end() || found->second != statement.query())
            fail("the server does not have: " + std::string(statement.query()));
    });
    const SessionBackend::Settings there = backend_.changed();
    const auto& believed = session_.settings->values();
    if (!std::ranges::equal(there, believed, [](const auto& one, const auto& other) {
            return one.first == other.first && one.second == other.second;
        })) {
        std::string what = "a free server has ";
        for (const auto& [name, value] : there) what += name + '=' + value + ' ';
        what += "and not ";
        for (const auto& [name, value] : believed) what += name + '=' + value + ' ';
        fail(what);
    }
}

}  // namespace pgweir::pool
