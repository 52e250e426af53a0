// The only way to a server.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "pool/session/counter.hpp"
#include "pool/session/outgoing.hpp"
#include "pool/session/questions.hpp"
#include "pool/session/statement.hpp"
#include "pool/session/statements_in_flight.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/request_tracker.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

/// What a message changes when the server has answered it, or nothing. A reference: to move such a
/// value costs more than the rest of a message.
class OperationOfMessage {
  public:
    OperationOfMessage() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): an operation is one
    OperationOfMessage(StatementOperation&& operation) : operation_(&operation) {}
    [[nodiscard]] StatementOperation* get() const { return operation_; }

  private:
    StatementOperation* operation_ = nullptr;
};

/// Appends messages for a server and notes each in the same step, so that the bytes, the tracker,
/// the operations in flight and the questions cannot disagree. Lives for one call; owns nothing.
class RequestWriter {
  public:
    using Frontend = protocol::Frontend;
    using Origin = protocol::Origin;
    using Operation = OperationOfMessage;
    /// `parses` counts the Parse messages that the server gets.
    RequestWriter(Outgoing& out, protocol::RequestTracker& tracker, StatementsInFlight& in_flight,
                  Questions& questions, Counter& parses)
        : out_(out),
          tracker_(tracker),
          in_flight_(in_flight),
          questions_(questions),
          parses_(parses) {}

    /// A message of the client's as it is. `message` must stay as it is until all is written.
    void pass(Frontend type, Bytes message, Operation operation = {}) {
        note(type, Origin::client, operation);
        out_.pass(message);
    }
    /// A Parse of the client's under another name. `rest`: the text and the types, as the client's
    /// buffer has them.
    void parse_under(Bytes name, Bytes rest, Operation operation) {
        note(Frontend::parse, Origin::client, operation);
        append([&](std::string& own) { protocol::append_parse_head(own, name, rest.size()); });
        out_.pass(rest);
    }
    /// A Bind of the client's to another name. `rest`: what stands behind the names, as far as it
    /// is here; `rest_size`: how long it is in all.
    void bind_to(Bytes portal, Bytes name, Bytes rest, std::size_t rest_size) {
        note(Frontend::bind, Origin::client);
        append([&](std::string& own) { protocol::append_bind_head(own, portal, name, rest_size); });
        out_.pass(rest);
    }

    void parse(Origin origin, Bytes name, Bytes query, Bytes types, Operation operation = {}) {
        note(Frontend::parse, origin, operation);
        append([&](std::string& own) { protocol::append_parse(own, name, query, types); });
    }
    /// Of a statement; `name` is the server's.
    void describe(Origin origin, Bytes name, Operation operation = {}) {
        note(Frontend::describe, origin, operation);
        append(
            [&](std::string& own) { protocol::append_describe(own, {.kind = 'S', .name = name}); });
    }
    /// Of a statement, or of a portal.
    void close(Origin origin, Bytes name, Operation operation = {}, char kind = 'S') {
        note(Frontend::close, origin, operation);
        append(
            [&](std::string& own) { protocol::append_close(own, {.kind = kind, .name = name}); });
    }
    /// A simple query: a question, or in the place of the client's.
    void query(Question question, std::string_view sql, std::string_view sticky_functions = {}) {
        note(Frontend::query, Origin::pool);
        questions_.asked(question, sticky_functions);
        append([&](std::string& own) { protocol::append_query(own, sql); });
    }
    void query_of_client(std::string_view sql) {
        note(Frontend::query, Origin::client);
        append([&](std::string& own) { protocol::append_query(own, sql); });
    }
    /// A statement by the extended protocol under a name of pgweir's own, which leaves the client's
    /// unnamed statement and portal alone.
    void run(Origin origin, std::string_view sql);
    /// A statement by the extended protocol without names.
    void run_unnamed(Origin origin, std::string_view sql);
    /// Commands of pgweir's own between the client's messages, whose unnamed statement and portal a
    /// simple query would end.
    void command(std::span<const std::string> statements) {
        for (const std::string& sql : statements) run(Origin::pool, sql);
        sync(Question::command);
    }
    void command(const std::string& sql) { command({&sql, 1}); }
    /// Ends what pgweir has asked by the extended protocol.
    void sync(Question question) {
        questions_.asked(question);
        sync(Origin::pool);
    }
    /// In the place of one that the client does not send.
    void sync_of_client() { sync(Origin::client); }
    /// Nothing is noted of it: it has no answer.
    void flush() { append(protocol::append_flush); }
    void copy_fail(std::string_view reason) {
        note(Frontend::copy_fail, Origin::pool);
        append([&](std::string& own) { protocol::append_copy_fail(own, reason); });
    }

  private:
    void note(Frontend type, Origin origin, Operation operation = {}) {
        StatementOperation* const change = operation.get();
        const auto kept = change != nullptr ? protocol::Operation::yes : protocol::Operation::no;
        tracker_.sent(type, origin, kept);
        if (type == Frontend::sync) in_flight_.next_segment();
        if (type == Frontend::parse) parses_.add();
        if (change != nullptr) in_flight_.add(std::move(*change));
    }
    template <class Append>
    void append(Append append_to) {
        const std::size_t before = out_.own().size();
        append_to(out_.own());
        out_.added(before);
    }
    void bind_and_execute(Origin origin, Bytes name);
    void sync(Origin origin) {
        note(Frontend::sync, origin);
        append(protocol::append_sync);
    }

    Outgoing& out_;
    protocol::RequestTracker& tracker_;
    StatementsInFlight& in_flight_;
    Questions& questions_;
    Counter& parses_;
};

}  // namespace pgweir::pool
