// A program of several clients on the model of statement_model.hpp: which step comes next is chosen
// from outside, by a random generator or by a fuzzer.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "tests/unit/session/statement_model.hpp"

namespace pgweir::pool {

class StatementProgram {
  public:
    /// `choose`: a number below the one that it is given, which is not 0.
    explicit StatementProgram(std::function<std::size_t(std::size_t)> choose)
        : choose_(std::move(choose)) {
        model_.lend_to(clients_[0]);
    }

    /// One step, and what can be said behind it.
    void step() {
        if (choose_(4) == 0) model_.answer(choose_(4));
        if (choose_(10) == 0) {
            model_.answer();
            change_client();
        } else {
            say();
        }
        check();
    }

    /// The present client ends what it has begun.
    void finish() {
        model_.answer();
        if (!model_.may_be_lent()) {
            send("S", protocol::append_sync);
            model_.answer();
        }
        if (!model_.may_be_lent()) fail("a Sync does not end it");
        check();
    }

    /// What is wrong, and what the clients have said up to there; nothing: all is as it would be
    /// directly.
    [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

  private:
    void say() {
        static const std::array<std::string, 4> names{"", "a", "b", "pgweir_c"};
        static const std::array<std::string, 6> texts{"one", "two", "three", "four", "bad", "fail"};
        const std::string& name = names[choose_(names.size())];
        switch (choose_(9)) {
            case 0:
            case 1:
                parse(name, texts[choose_(texts.size())]);
                break;
            case 2:
            case 3:
                bind(name);
                break;
            case 4:
                send("E", [](std::string& out) { protocol::append_execute(out, {}); });
                break;
            case 5:
                describe(choose_(4) > 0 ? 'S' : 'P', name);
                break;
            case 6:
                send("C:" + name, [&](std::string& out) {
                    protocol::append_close(out, {.kind = 'S', .name = name});
                });
                break;
            case 7:
                send("S", protocol::append_sync);
                break;
            default:
                send("Q", [](std::string& out) { protocol::append_query(out, "q"); });
                break;
        }
    }

    void parse(const std::string& name, const std::string& text) {
        send("P:" + name + '=' + text,
             [&](std::string& out) { protocol::append_parse(out, name, text, no_types); });
    }

    void bind(const std::string& name) {
        send("B:" + name, [&](std::string& out) {
            constexpr Bytes no_values{"\0\0\0\0\0\0", 6};
            protocol::append_bind_head(out, {}, name, no_values.size());
            out += no_values;
        });
    }

    void describe(char kind, const std::string& name) {
        const Bytes target = kind == 'S' ? Bytes(name) : Bytes();
        send(std::string("D:") + kind + name, [&](std::string& out) {
            protocol::append_describe(out, {.kind = kind, .name = target});
        });
    }

    void change_client() {
        if (!model_.may_be_lent()) return;
        const std::size_t next = choose_(clients_.size());
        if (next != present_) said_ += "| ";
        present_ = next;
        model_.lend_to(clients_[present_]);
    }

    template <class Append>
    void send(const std::string& what, Append append) {
        said_ += what + ' ';
        std::string message;
        append(message);
        model_.send(std::move(message));
    }

    void check() {
        const ModelClient& client = clients_[present_];
        if (model_.has_lost_track()) fail("track is lost");
        if (!model_.may_be_lent()) return;
        if (without_errors(client.told) != without_errors(client.expected))
            fail("the client was told something else");
        model_.there().for_each([&](const Statement& statement) {
            const auto found = model_.backend().named().find(statement.server_name());
            if (found == model_.backend().named().end() || found->second != statement.query())
                fail("the server does not have: " + statement.query());
        });
    }

    void fail(const std::string& what) {
        if (!problem_) problem_ = what + ": " + said_;
    }

    // What errors say is not the model's.
    static std::string without_errors(Bytes told) {
        std::string kept;
        while (!told.empty()) {
            const std::size_t size = 1 + protocol::read_uint32(told.substr(1));
            kept += told.front() == 'E' ? Bytes("E") : told.substr(0, size);
            told.remove_prefix(size);
        }
        return kept;
    }

    std::function<std::size_t(std::size_t)> choose_;
    std::array<ModelClient, 3> clients_;
    StatementModel model_;
    std::size_t present_ = 0;
    std::string said_;
    std::optional<std::string> problem_;
};

}  // namespace pgweir::pool
