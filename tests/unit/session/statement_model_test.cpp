// Random clients on the model of statement_model.hpp.
#include "statement_model.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace pgweir::pool {
namespace {

class Program {
  public:
    explicit Program(unsigned seed) : random_(seed) { model_.lend_to(clients_[0]); }

    void run(unsigned steps) {
        while (steps-- > 0 && !testing::Test::HasFailure()) step();
        for (ModelClient& client : clients_) {
            if (model_.may_be_lent()) break;
            static_cast<void>(client);
            send("S", protocol::append_sync);
            model_.answer();
        }
        check();
    }

  private:
    std::size_t choose(std::size_t of) { return random_() % of; }

    void step() {
        const std::array<std::string, 4> names{"", "a", "b", "pgweir_c"};
        const std::array<std::string, 6> texts{"one", "two", "three", "four", "bad", "fail"};
        const std::string& name = names[choose(names.size())];
        const char kind = choose(4) > 0 ? 'S' : 'P';
        if (choose(4) == 0) model_.answer(choose(4));
        switch (choose(10)) {
            case 0:
            case 1:
                parse(name, texts[choose(texts.size())]);
                break;
            case 2:
            case 3:
                send("B:" + name, [&](std::string& out) {
                    constexpr Bytes no_values{"\0\0\0\0\0\0", 6};
                    protocol::append_bind_head(out, {}, name, no_values.size());
                    out += no_values;
                });
                break;
            case 4:
                send("E", [](std::string& out) { protocol::append_execute(out, {}); });
                break;
            case 5:
                send(std::string("D") + kind + name, [&](std::string& out) {
                    const Bytes target = kind == 'S' ? Bytes(name) : Bytes();
                    protocol::append_describe(out, {.kind = kind, .name = target});
                });
                break;
            case 6:
                send("C:" + name, [&](std::string& out) {
                    protocol::append_close(out, {.kind = 'S', .name = name});
                });
                break;
            case 7:
                send("S", protocol::append_sync);
                break;
            case 8:
                if (choose(3) == 0)
                    send("Q", [](std::string& out) { protocol::append_query(out, "q"); });
                break;
            default:
                model_.answer();
                change_client();
                break;
        }
    }

    void parse(const std::string& name, const std::string& text) {
        send("P:" + name + '=' + text,
             [&](std::string& out) { protocol::append_parse(out, name, text, no_types); });
    }

    void change_client() {
        check();
        if (!model_.may_be_lent()) return;
        const std::size_t next = choose(clients_.size());
        if (next != present_) said_ += " | ";
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
        ASSERT_FALSE(model_.has_lost_track()) << said_;
        if (!model_.may_be_lent()) return;
        ASSERT_EQ(without_errors(client.told), without_errors(client.expected)) << said_;
        model_.there().for_each([&](const Statement& statement) {
            const auto found = model_.backend().named().find(statement.server_name());
            ASSERT_NE(found, model_.backend().named().end()) << said_;
            ASSERT_EQ(found->second, statement.query()) << said_;
        });
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

    std::mt19937 random_;
    std::array<ModelClient, 3> clients_;
    StatementModel model_;
    std::size_t present_ = 0;
    std::string said_;
};

TEST(StatementModelTest, EveryClientIsToldWhatItWouldBeToldDirectly) {
    constexpr unsigned programs = 4000;
    for (unsigned seed = 1; seed <= programs; ++seed) {
        SCOPED_TRACE(seed);
        Program(seed).run(60);
        ASSERT_FALSE(HasFailure());
    }
}

}  // namespace
}  // namespace pgweir::pool
