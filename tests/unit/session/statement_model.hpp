// Prepared statements of several clients on one server that is a model: what each client is told is
// what it would be told on a connection of its own.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/session/prepared_statements.hpp"
#include "protocol/wire/message_writer.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

/// A session of PostgreSQL, as far as it concerns the extended query protocol. A text with "bad" in
/// it cannot be parsed, one with "fail" cannot be run.
class StatementBackend {
  public:
    /// Takes whole messages. Returns the replies.
    std::string take(Bytes bytes) {
        std::string replies;
        while (!bytes.empty()) {
            const std::size_t size = 1 + protocol::read_uint32(bytes.substr(1));
            take(static_cast<protocol::Frontend>(bytes.front()),
                 bytes.substr(protocol::header_size, size - protocol::header_size), replies);
            bytes.remove_prefix(size);
        }
        return replies;
    }
    [[nodiscard]] const std::map<std::string, std::string>& named() const { return named_; }

  private:
    using Frontend = protocol::Frontend;
    using Backend = protocol::Backend;

    void take(Frontend type, Bytes body, std::string& replies) {
        if (type == Frontend::sync) {
            discards_ = false;
            portal_.reset();
            reply(replies, Backend::ready_for_query, "I");
        } else if (!discards_) {
            run(type, body, replies);
        }
    }

    void run(Frontend type, Bytes body, std::string& replies) {
        switch (type) {
            case Frontend::parse:
                parse(*protocol::parse_parse(body), replies);
                break;
            case Frontend::bind:
                portal_ = find(protocol::parse_bind_head(body)->statement);
                answer(portal_.has_value(), Backend::bind_complete, {}, replies);
                break;
            case Frontend::describe:
                describe(*protocol::parse_target(body), replies);
                break;
            case Frontend::execute:
                answer(portal_ && portal_->find("fail") == std::string::npos,
                       Backend::command_complete, portal_.value_or("") + '\0', replies);
                break;
            case Frontend::close: {
                const auto target = *protocol::parse_target(body);
                if (target.name.empty()) {
                    unnamed_.reset();
                } else {
                    named_.erase(std::string(target.name));
                }
                reply(replies, Backend::close_complete, {});
                break;
            }
            case Frontend::query:
                unnamed_.reset();
                portal_.reset();
                reply(replies, Backend::command_complete, std::string("Q\0", 2));
                reply(replies, Backend::ready_for_query, "I");
                break;
            default:
                break;
        }
    }

    // PostgreSQL gives up the unnamed statement before it looks at the new one
    // (exec_parse_message).
    void parse(const protocol::ParseMessage& parse, std::string& replies) {
        if (parse.statement.empty()) unnamed_.reset();
        const std::string name(parse.statement);
        const bool taken = !name.empty() && named_.contains(name);
        const bool good = parse.query.find("bad") == Bytes::npos && !taken;
        if (good && name.empty()) unnamed_ = std::string(parse.query);
        if (good && !name.empty()) named_[name] = std::string(parse.query);
        answer(good, Backend::parse_complete, {}, replies);
    }

    void describe(const protocol::TargetMessage& target, std::string& replies) {
        const auto text = target.kind == 'S' ? find(target.name) : portal_;
        if (text && target.kind == 'S')
            reply(replies, Backend::parameter_description, std::string(2, '\0'));
        std::string row("\0\1", 2);
        row += text.value_or("") + '\0' + std::string(18, '\0');
        answer(text.has_value(), Backend::row_description, row, replies);
    }

    [[nodiscard]] std::optional<std::string> find(Bytes name) const {
        if (name.empty()) return unnamed_;
        const auto found = named_.find(std::string(name));
        return found != named_.end() ? std::optional(found->second) : std::nullopt;
    }

    void answer(bool good, Backend type, std::string_view body, std::string& replies) {
        if (good) {
            reply(replies, type, body);
            return;
        }
        discards_ = true;
        portal_.reset();
        protocol::append_error_response(replies, protocol::ErrorReport::error("XX000", "no"));
    }

    static void reply(std::string& replies, Backend type, std::string_view body) {
        const protocol::Message message(replies, type);
        replies += body;
    }

    std::map<std::string, std::string> named_;
    std::optional<std::string> unnamed_;
    std::optional<std::string> portal_;
    bool discards_ = false;
};

/// A client beside the session that it would have without pgweir.
struct ModelClient {
    ClientStatements statements;
    unsigned limit = 3;
    conf::SessionState tracking = conf::SessionState::off;
    StatementBackend direct;
    std::string expected;  ///< what it would have been told
    std::string told;
};

/// One server, lent to one client at a time, that is asked through PreparedStatements as a
/// SessionKeeper asks it.
class StatementModel {
  public:
    StatementModel()
        : statements_({.statements = there_,
                       .unnamed = unnamed_,
                       .tracker = tracker_,
                       .suspected = suspected_,
                       .knowledge = knowledge_,
                       .plans_renewed = renewed_}) {}

    [[nodiscard]] bool may_be_lent() const { return tracker_.releasable(); }
    void lend_to(ModelClient& client) {
        if (client_ != nullptr) statements_.detach();
        client_ = &client;
        statements_.attach(
            {.statements = client.statements, .limit = client.limit, .tracking = client.tracking});
    }

    /// One message of the client that has the server.
    void send(std::string message) {
        client_->expected += client_->direct.take(message);
        messages_.push_back(std::move(message));
        const Bytes kept = messages_.back();
        const protocol::Step step{.kind = protocol::Step::Kind::frame,
                                  .size = kept.size(),
                                  .type = kept.front(),
                                  .body = kept.substr(protocol::header_size),
                                  .whole = true};
        Outgoing out;
        // Held back, it waits for a reply or for what was asked about it.
        constexpr int most = 3;
        for (int tries = 0; !is_ready(step, out); ++tries) {
            lost_ = lost_ || tries == most;
            if (lost_) return;
            pass(out);
            answer();
        }
        take(step, kept, out);
        pass(out);
    }

    /// Of what the server has said, this many messages arrive.
    void answer(std::size_t most) {
        for (; most > 0 && !replies_.empty(); --most) {
            const std::size_t size = 1 + protocol::read_uint32(Bytes(replies_).substr(1));
            const std::string message = replies_.substr(0, size);
            replies_.erase(0, size);
            read(message);
        }
    }
    void answer() { answer(std::string::npos); }

    [[nodiscard]] const StatementBackend& backend() const { return backend_; }
    [[nodiscard]] const ServerStatements& there() const { return there_; }
    [[nodiscard]] bool has_lost_track() const { return lost_; }

  private:
    using Frontend = protocol::Frontend;

    RequestWriter writer(Outgoing& out) {
        return {out, tracker_, statements_.ledger.in_flight(), questions_, parses_};
    }

    [[nodiscard]] bool is_ready(const protocol::Step& step, Outgoing& out) {
        statements_.finder.forget();
        if (tracker_.discarding()) return true;
        if (statements_.ledger.is_verifying() || statements_.doubts.must_hold_back(step))
            return false;
        RequestWriter requests = writer(out);
        return statements_.finder.find(step, requests);
    }

    void take(const protocol::Step& step, Bytes message, Outgoing& out) {
        if (tracker_.quiet()) statements_.errors.clear();
        RequestWriter requests = writer(out);
        const auto type = static_cast<Frontend>(step.type);
        const bool discarded = tracker_.discarding() && type != Frontend::sync;
        if (!discarded && type == Frontend::parse) {
            take_parse(*protocol::parse_parse(step.body), message, requests);
        } else if (!discarded && type == Frontend::bind) {
            const auto bind = *statements_.finder.bind_head();
            statements_.translator.bind(bind, statements_.ledger.own(bind.statement), message,
                                        requests);
        } else if (!discarded && type == Frontend::describe) {
            statements_.translator.describe(*protocol::parse_target(step.body), message, requests);
        } else if (!discarded && type == Frontend::close) {
            static_cast<void>(
                statements_.translator.close(protocol::parse_target(step.body)->name, requests));
        } else {
            pass_on(type, message, discarded, requests);
        }
        statements_.finder.forget();
    }

    void pass_on(Frontend type, Bytes message, bool discarded, RequestWriter& requests) {
        std::optional<StatementOperation> operation;
        if (type == Frontend::query && !discarded) operation = statements_.ledger.simple_query();
        if (operation) {
            requests.pass(type, message, std::move(*operation));
        } else {
            requests.pass(type, message);
        }
    }

    void take_parse(const protocol::ParseMessage& parse, Bytes message, RequestWriter& requests) {
        const auto statement = knowledge_.statements().intern(parse.query, parse.types, {});
        if (parse.statement.empty()) {
            statements_.translator.parse_unnamed(statement, message, requests);
        } else if (statements_.ledger.own(parse.statement) != nullptr) {
            statements_.for_sql.refuse_taken_name(parse.statement, requests);
            requests.pass(Frontend::parse, message);
            shown_ = true;
        } else {
            statements_.translator.parse_named(parse, statement, requests);
        }
    }

    void pass(Outgoing& out) {
        std::string bytes;
        for (const iovec& part : out.parts())
            bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
        replies_ += backend_.take(bytes);
        out.clear();
    }

    void read(Bytes message) {
        const auto type = static_cast<protocol::Backend>(message.front());
        const Bytes body = message.substr(protocol::header_size);
        const protocol::Verdict verdict = tracker_.received(type, body);
        lost_ = lost_ || verdict.disposition == protocol::Verdict::Disposition::violation;
        if (type == protocol::Backend::parameter_description)
            statements_.ledger.parameters_told(body, true);
        if (verdict.operation != protocol::Verdict::Outcome::none ||
            verdict.operations_discarded > 0) {
            statements_.ledger.finished(verdict, type, body, true);
        }
        if (verdict.ready && shown_ && tracker_.releasable()) close_shown();
        if (verdict.disposition == protocol::Verdict::Disposition::forward)
            client_->told += message;
    }

    // What the question about the session would find, and close (Server::take_state).
    void close_shown() {
        shown_ = false;
        std::vector<std::string> names;
        for (const auto& [name, text] : backend_.named()) {
            if (!name.starts_with(server_name_prefix)) names.push_back(name);
        }
        lost_ = statements_.ledger.shown().found(names, client_->statements) || lost_;
        Outgoing out;
        RequestWriter requests = writer(out);
        for (const std::string& name : statements_.ledger.shown().take_to_close())
            requests.close(protocol::Origin::pool, name);
        requests.sync(Question::command);
        pass(out);
    }

    StatementBackend backend_;
    ServerStatements there_;
    ServerStatement unnamed_;
    protocol::RequestTracker tracker_;
    protocol::Effects suspected_;
    PoolKnowledge knowledge_;
    Counter renewed_;
    Counter parses_;
    Questions questions_;
    PreparedStatements statements_;
    ModelClient* client_ = nullptr;
    std::deque<std::string> messages_;
    std::string replies_;
    bool shown_ = false;
    bool lost_ = false;
};

}  // namespace pgweir::pool
