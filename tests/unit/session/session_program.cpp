#include "tests/unit/session/session_program.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/messages.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

namespace {

constexpr std::array<std::string_view, 46> texts{"SELECT 1",
                                                 "SELECT 1",
                                                 "SELECT fail",
                                                 "SELECT bad",
                                                 "BEGIN",
                                                 "BEGIN",
                                                 "COMMIT",
                                                 "COMMIT",
                                                 "ROLLBACK",
                                                 "SAVEPOINT a",
                                                 "ROLLBACK TO a",
                                                 "SET TimeZone TO 'A'",
                                                 "SET TimeZone TO 'B'",
                                                 "SET TimeZone TO DEFAULT",
                                                 "SET LOCAL TimeZone TO 'C'",
                                                 "RESET TimeZone",
                                                 "SET work_mem TO '1MB'",
                                                 "SET LOCAL work_mem TO '2MB'",
                                                 "RESET work_mem",
                                                 "SET app.x TO 'a'",
                                                 "SET LOCAL app.x TO 'b'",
                                                 "RESET app.x",
                                                 "RESET ALL",
                                                 "SET ROLE bob",
                                                 "RESET ROLE",
                                                 "DISCARD ALL",
                                                 "SHOW TimeZone",
                                                 "SHOW work_mem",
                                                 "SHOW role",
                                                 "SELECT current_setting('app.x',true)",
                                                 "SELECT set_config('app.x','c',false)",
                                                 "SELECT set_config('timezone','D',true)",
                                                 "SELECT nextval('s')",
                                                 "SELECT currval('s')",
                                                 "SELECT lastval()",
                                                 "PREPARE p AS SELECT 1",
                                                 "EXECUTE p",
                                                 "EXECUTE a",
                                                 "DEALLOCATE p",
                                                 "DEALLOCATE a",
                                                 "DEALLOCATE ALL",
                                                 "LISTEN c",
                                                 "UNLISTEN c",
                                                 "UNLISTEN *",
                                                 "SET application_name TO 'me'",
                                                 "SHOW application_name"};

// What errors say is not the model's, nor which number a sequence gives: only which are the same.
std::string comparable(Bytes told) {
    std::string kept;
    std::map<std::string, std::size_t> numbers;
    while (!told.empty()) {
        const std::size_t size = 1 + protocol::read_uint32(told.substr(1));
        const Bytes message = told.substr(0, size);
        const std::size_t number = message.find('#');
        if (message.front() == 'E') {
            kept += "E ";
        } else if (message.front() == 'D' && number != Bytes::npos) {
            const auto entry =
                numbers.emplace(std::string(message.substr(number)), numbers.size()).first;
            kept += "number " + std::to_string(entry->second) + ' ';
        } else {
            kept += message;
        }
        told.remove_prefix(size);
    }
    return kept;
}

bool reads_sequence(std::string_view sql) {
    return sql == "SELECT currval('s')" || sql == "SELECT lastval()";
}

std::string shown(const std::string& bytes) {
    std::string text;
    for (const char c : bytes) text += c >= ' ' && c <= '~' ? c : '.';
    return text;
}

}  // namespace

SessionProgram::SessionProgram(std::function<std::size_t(std::size_t)> choose)
    : choose_(std::move(choose)) {
    for (std::size_t i = 0; i < servers; ++i)
        servers_.push_back(std::make_unique<ModelServer>(pool_, "server " + std::to_string(i)));
    for (std::size_t i = 0; i < clients; ++i) clients_.push_back(make_client());
}

std::unique_ptr<ModelSession> SessionProgram::make_client() {
    SessionBackend::Settings startup;
    if (choose_(3) == 0) startup["timezone"] = "S";
    if (choose_(4) == 0) startup["work_mem"] = "9MB";
    if (choose_(4) == 0) startup["app.x"] = "s";
    ++last_id_;
    said_ += "new" + std::to_string(last_id_) + '(';
    for (const auto& [name, value] : startup) said_ += name + '=' + value + ' ';
    said_ += ") ";
    return std::make_unique<ModelSession>(last_id_, direct_, pool_.settings, startup);
}

void SessionProgram::step() {
    pool_.now += std::chrono::milliseconds(choose_(30));
    if (choose_(3) == 0) receive();
    auto& client = clients_[choose_(clients)];
    if (choose_(40) == 0) {
        leave(client);
    } else {
        act(*client);
    }
    check();
}

void SessionProgram::act(ModelSession& client) {
    if (!has_server(client)) return;
    if (choose_(40) == 0) client.server->backend().cancel_next_question();
    if (choose_(2) == 0) {
        say(client);
    } else {
        extended(client);
    }
}

// Others give up what they keep only until somebody waits.
bool SessionProgram::has_server(ModelSession& client) {
    if (client.server != nullptr) return true;
    const auto find = [this] {
        return std::ranges::find_if(servers_, [](const auto& server) { return server->is_free(); });
    };
    auto free = find();
    if (free == servers_.end()) {
        pool_.others_wait = true;
        for (const auto& server : servers_) {
            server->receive_all();
            server->take_back();
            server->receive_all();
        }
        pool_.others_wait = false;
        free = find();
    }
    if (free == servers_.end()) return false;
    (*free)->lend_to(client);
    return true;
}

void SessionProgram::say(ModelSession& client) {
    std::string sql(texts[choose_(texts.size())]);
    // What an earlier transaction got may be gone (LIMITATIONS.md, "currval").
    if (reads_sequence(sql) && !client.direct.may_read_sequence()) sql = "SELECT 1";
    // What pgweir puts in front of a Query stands in the extended query that has not ended
    // (LIMITATIONS.md, "a Query behind an extended query without a Sync").
    if (client.wants_sync) sync(client);
    if (client.server == nullptr) return;
    std::string message;
    protocol::append_query(message, sql);
    send(client, sql, message);
}

void SessionProgram::extended(ModelSession& client) {
    static constexpr std::array<std::string_view, 3> names{"", "a", "b"};
    const std::string name(names[choose_(names.size())]);
    std::string message;
    switch (choose_(8)) {
        case 0:
        case 1: {
            std::string sql(texts[choose_(texts.size())]);
            if (reads_sequence(sql)) sql = "SELECT 1";
            protocol::append_parse(message, name, sql, no_types);
            send(client, "P:" + name + '=' + sql, message);
            break;
        }
        case 2:
        case 3: {
            constexpr Bytes no_values{"\0\0\0\0\0\0", 6};
            protocol::append_bind_head(message, {}, name, no_values.size());
            message += no_values;
            send(client, "B:" + name, message);
            break;
        }
        case 4:
            protocol::append_execute(message, {});
            send(client, "E", message);
            break;
        case 5: {
            // In a failed transaction no server can read what it does not have (LIMITATIONS.md).
            const bool is_statement = choose_(3) > 0 && !client.direct.has_failed();
            protocol::append_describe(message, {.kind = is_statement ? 'S' : 'P',
                                                .name = is_statement ? Bytes(name) : Bytes()});
            send(client, is_statement ? "D:" + name : "DP", message);
            break;
        }
        case 6:
            protocol::append_close(message, {.kind = 'S', .name = name});
            send(client, "C:" + name, message);
            break;
        default:
            break;
    }
    if (choose_(3) == 0) sync(client);
}

void SessionProgram::sync(ModelSession& client) {
    std::string message;
    protocol::append_sync(message);
    send(client, "S", message);
}

void SessionProgram::send(ModelSession& client, const std::string& what,
                          const std::string& message) {
    said_ += std::to_string(client.session.id) + '>' + what + "; ";
    client.wants_sync = message.front() != 'S' && message.front() != 'Q';
    client.server->send(message);
}

void SessionProgram::receive() {
    said_ += "~ ";
    for (const auto& server : servers_) {
        const std::size_t most = choose_(4) == 0 ? 1 + choose_(60) : std::string::npos;
        server->receive(most);
    }
}

// A client that has asked for something leaves in the midst of it, or at rest.
void SessionProgram::leave(std::unique_ptr<ModelSession>& client) {
    ModelServer* const server = client->server;
    if (server != nullptr) {
        sync(*client);  // in the midst of an extended query its server would be closed
        if (choose_(2) == 0) server->receive_all();
        for (int i = 0; i < 10 && !client->held_back.empty(); ++i) server->receive_all();
        if (client->server != nullptr) server->abandon();
        server->receive_all();
    }
    said_ += std::to_string(client->session.id) + " leaves; ";
    client = make_client();
}

void SessionProgram::finish() {
    for (const auto& client : clients_) {
        if (client->server == nullptr) continue;
        ModelServer& server = *client->server;
        sync(*client);
        for (int i = 0; i < 10; ++i) server.receive_all();
        if (!client->is_answered())
            fail("client " + std::to_string(client->session.id) + " waits for ever for " +
                 std::to_string(client->owed) + " replies, with " +
                 std::to_string(client->held_back.size()) + " requests held back");
    }
    check();
}

void SessionProgram::check(const ModelSession& client) {
    if (!client.is_answered()) return;
    if (client.server != nullptr && !client.server->is_silent()) return;
    const std::string told = comparable(client.told);
    const std::string expected = comparable(client.expected);
    if (told == expected) return;
    const auto differ = std::ranges::mismatch(told, expected);
    const auto at = static_cast<std::size_t>(differ.in1 - told.begin());
    const std::size_t from = at < 40 ? 0 : at - 40;
    fail("client " + std::to_string(client.session.id) + " was told \"" +
         shown(told.substr(from, 100)) + "\" and not \"" + shown(expected.substr(from, 100)) + '"');
}

void SessionProgram::check() {
    for (const auto& server : servers_) {
        if (server->problem()) fail(*server->problem());
    }
    for (const auto& client : clients_) check(*client);
}

void SessionProgram::fail(const std::string& what) {
    if (!problem_) problem_ = what + "\n" + said_;
}

}  // namespace pgweir::pool
