// Clients whose session state follows them, and the messages that they and servers exchange.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lending_fixture.hpp"
#include "protocol/wire/extended_query.hpp"

namespace pgweir::pool {

class FollowingTenant : public TestTenant {
  public:
    FollowingTenant(asio::io_context& io, conf::SessionState tracking) : TestTenant(io) {
        session().follows = true;
        session().tracking = tracking;
        session().max_prepared_statements = 10;
    }
    void parse(std::string_view name, std::string_view sql) {
        std::string message;
        protocol::append_parse(message, name, sql, {"\0\0", 2});
        request(message);
    }
    void bind(std::string_view name) {
        constexpr std::string_view no_values("\0\0\0\0\0\0", 6);
        std::string message;
        protocol::append_bind_head(message, "", name, no_values.size());
        request(message.append(no_values));
    }
    void describe(std::string_view name) {
        std::string message;
        protocol::append_describe(message, {.kind = 'S', .name = name});
        request(message);
    }
    void describe_portal() {
        std::string message;
        protocol::append_describe(message, {.kind = 'P', .name = {}});
        request(message);
    }
    void execute() {
        std::string message;
        protocol::append_execute(message, {});
        request(message);
    }
    void close_statement(std::string_view name) {
        std::string message;
        protocol::append_close(message, {.kind = 'S', .name = name});
        request(message);
    }
    void sync() {
        std::string message;
        protocol::append_sync(message);
        request(message);
    }
    /// The types of the messages that it has received since it was last asked.
    [[nodiscard]] std::string received_types() const {
        const std::string bytes = received();
        std::string types;
        for (std::size_t at = 0; at + protocol::header_size <= bytes.size();) {
            types += bytes[at];
            at += 1 + protocol::read_uint32(std::string_view(bytes).substr(at + 1));
        }
        return types;
    }
};

class FollowingFixture : public LendingTest {
  protected:
    /// Gets it an idle server, or queues until it has one.
    void acquire(FollowingTenant& tenant) {
        if (!part().lend(tenant)) LendingTest::acquire(tenant);
    }
    /// What the n-th connection got, until now: each message as its type and the names in it, with
    /// spaces between: `Parse` "P:name", `Bind` "B:name", `Describe` "D:name", `Close` "C:name",
    /// others their type alone.
    std::string got(std::size_t n = 0) {
        settle();
        std::string story;
        while (postgresql.backend(n).has_message()) {
            if (!story.empty()) story += ' ';
            story += story_of(postgresql.backend(n).take());
        }
        return story;
    }
    /// Says a message of each of these types, with `Z` in this status.
    void say(std::string_view types, std::size_t n = 0,
             protocol::TransactionStatus status = protocol::TransactionStatus::idle) {
        std::string bytes;
        for (const char type : types) {
            if (type == 'E') {
                protocol::append_error_response(bytes,
                                                protocol::ErrorReport::error("42601", "scripted"));
            } else if (type == 'Z') {
                protocol::append_ready_for_query(bytes, status);
            } else {
                const bool has_tag = type == 'C';
                bytes +=
                    ScriptedBackend::message(type, has_tag ? std::string("SELECT 1\0", 9) : "");
            }
        }
        postgresql.backend(n).say(bytes);
        settle();
    }
    /// The statements of a set-up that the n-th connection got, which comes before all else.
    std::vector<std::string> set_up_statements(std::size_t n = 0) {
        settle();
        std::vector<std::string> statements;
        while (statements.empty() || statements.back() != "COMMIT") {
            const std::string parse = postgresql.backend(n).take();
            EXPECT_TRUE(parse.starts_with(std::string("P\0", 2))) << parse;
            if (parse.size() < 2) break;
            statements.push_back(parse.substr(2, parse.find('\0', 2) - 2));
            EXPECT_EQ(postgresql.backend(n).take().front(), 'B');
            EXPECT_EQ(postgresql.backend(n).take().front(), 'E');
        }
        return statements;
    }
    /// What a server says to the first `count` of these statements when it has done them.
    static std::string done(const std::vector<std::string>& statements, std::size_t count = 1000) {
        std::string bytes;
        for (const std::string& sql : statements) {
            if (count-- == 0) break;
            const bool has_row = sql.starts_with("SELECT");
            bytes += ScriptedBackend::message('1', "") + ScriptedBackend::message('2', "");
            if (has_row) bytes += ScriptedBackend::message('D', std::string(2, '\0'));
            const std::string tag = has_row ? "SELECT 1" : sql.substr(0, sql.find(' '));
            bytes += ScriptedBackend::message('C', tag + '\0');
        }
        return bytes;
    }
    /// The n-th connection says this.
    void say_bytes(std::string_view bytes, std::size_t n = 0) {
        postgresql.backend(n).say(bytes);
        settle();
    }
    /// The n-th connection has got a set-up, and does it.
    void do_set_up(std::size_t n = 0) { say_bytes(done(set_up_statements(n)), n); }
    /// The name that servers have for a statement without parameters and settings, as got() has it.
    static std::string server_name(std::string_view sql) {
        return Statement(sql, {"\0\0", 2}, "").server_name();
    }

  private:
    static std::string story_of(const std::string& message) {
        const std::string_view body = std::string_view(message).substr(1);
        const auto string_at = [&](std::size_t at) {
            return std::string(body.substr(at, body.find('\0', at) - at));
        };
        std::string type = message.substr(0, 1);
        switch (message[0]) {
            case 'P':
                return type + ':' + string_at(0);
            case 'B':
                return type + ':' + string_at(body.find('\0') + 1);
            case 'D':
            case 'C':
                return type + ':' + string_at(1);
            default:
                return type;
        }
    }
};

}  // namespace pgweir::pool
