// One client that listens, on a server and a hub that are models: whatever it runs, and whatever
// fails, it hears what it would hear without pgweir, and leaves nothing on its servers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pool/session/channel_handover.hpp"

namespace pgweir::pool {
namespace {

using protocol::Effect;
using enum NotificationSource;

constexpr protocol::Effects reads = Effect::listens;
constexpr protocol::Effects changes = Effect::listens | Effect::state;

// A session of PostgreSQL, as far as it concerns channels.
class Backend {
  public:
    void begin() { in_block_ = true; }
    [[nodiscard]] bool in_block() const { return in_block_; }
    void savepoint() { savepoint_ = pending_.size(); }
    void roll_back_to_savepoint() { pending_.resize(savepoint_); }
    void roll_back() {
        pending_.clear();
        in_block_ = false;
        savepoint_ = 0;
    }
    // Returns the tokens of the markers that were sent.
    std::vector<std::string> commit() {
        std::vector<std::string> sent;
        for (const std::string& statement : pending_) apply(statement, sent);
        roll_back();
        return sent;
    }
    void run(const std::string& statement) { pending_.push_back(statement); }

    std::set<std::string> channels;
    bool brought = false;

  private:
    void apply(const std::string& statement, std::vector<std::string>& sent) {
        const std::size_t quote = statement.find('"');
        const std::string name =
            quote == std::string::npos
                ? ""
                : statement.substr(quote + 1, statement.rfind('"') - quote - 1);
        if (statement.starts_with("LISTEN")) channels.insert(name);
        if (statement.starts_with("UNLISTEN \"")) channels.erase(name);
        if (statement.starts_with("NOTIFY")) {
            const std::size_t token = statement.find('\'') + 1;
            sent.push_back(statement.substr(token, statement.size() - 1 - token));
        }
        const bool discards = statement == "DISCARD ALL";
        if (discards || statement == "UNLISTEN *") channels.clear();
        if (statement.starts_with("SET")) brought = statement.ends_with("'1'");
        if (discards) brought = false;
    }

    std::vector<std::string> pending_;
    std::size_t savepoint_ = 0;
    bool in_block_ = false;
};

class ChannelHandoverModel {
  public:
    explicit ChannelHandoverModel(unsigned seed) : random_(seed) {}

    void step() {
        switch (random_() % 12) {
            case 0:
                request("LISTEN", changes);
                break;
            case 1:
                request("UNLISTEN", changes);
                break;
            case 2:
                request("UNLISTEN *", changes);
                break;
            case 3:
                request("SELECT pg_listening_channels()", reads);
                break;
            case 4:
                request("BEGIN", {});
                break;
            case 5:
                request("COMMIT", Effect::ends_transaction);
                break;
            case 6:
                request(random_() % 2 == 0 ? "ROLLBACK" : "ROLLBACK TO", {});
                break;
            case 7:
                request("SAVEPOINT", {});
                break;
            case 8:
                if (random_() % 2 == 0) {
                    request("DISCARD ALL", changes);
                } else {
                    request("SET client_encoding", Effect::state);
                }
                break;
            case 9:
                confirm();
                break;
            default:
                queue_.push_back({.channel = a_channel(), .payload = ++notified_});
                hear_from_server(queue_.back());
                break;
        }
        if (random_() % 3 == 0 && !queue_.empty()) advance_hub(queue_.size() - random_() % 2);
    }

    // All is read and confirmed.
    void settle() {
        if (server_.in_block()) request("COMMIT", Effect::ends_transaction);
        confirm();
        advance_hub(queue_.size());
        EXPECT_EQ(heard_, expected_);
        const auto& has = listener_
                              ? std::set(listener_->channels.begin(), listener_->channels.end())
                              : server_.channels;
        EXPECT_EQ(has, wanted_.channels);
    }

  private:
    struct Entry {
        std::string channel;
        int payload = 0;
        std::string token;  // of a marker
    };

    std::string a_channel() { return std::string(1, static_cast<char>('a' + random_() % 3)); }
    bool fails() { return random_() % 6 == 0; }

    // --- what the client runs, here and as if it had a connection of its own

    void request(const std::string& command, protocol::Effects effects) {
        const bool never_in_block = command == "BEGIN" || command == "DISCARD ALL";
        const bool only_in_block =
            command == "COMMIT" || command.starts_with("ROLLBACK") || command == "SAVEPOINT";
        if (server_.in_block() ? never_in_block : only_in_block) return;
        if (meets_known_fault(command)) return;
        channels_.requested();
        bring(effects);
        suspected_ = suspected_ || effects.contains(Effect::state);
        run(command);
        if (!server_.in_block()) rest();
    }

    // Behind a ROLLBACK TO all is listened to again, also what was unlistened to in the block
    // before the savepoint.
    bool meets_known_fault(const std::string& command) {
        if (!server_.in_block()) has_unlistened_ = false;
        if (command == "ROLLBACK TO" && has_unlistened_) return true;
        has_unlistened_ = has_unlistened_ || command == "UNLISTEN";
        return false;
    }

    void bring(protocol::Effects effects) {
        const auto statements = channels_.before_request(effects, false, listener_.get());
        if (statements.empty()) return;
        if (effects.contains(Effect::state)) suspected_ = true;
        const bool alone = !server_.in_block();
        for (const std::string& statement : statements) run_on_server(statement);
        if (alone) run_on_server(channels_.unlisten_marker());
    }

    void run(const std::string& command) {
        if (command == "BEGIN") {
            server_.begin();
            wanted_.begin();
        } else if (command == "SAVEPOINT") {
            server_.savepoint();
            wanted_.savepoint();
        } else if (command == "ROLLBACK TO") {
            channels_.rolled_back();
            server_.roll_back_to_savepoint();
            wanted_.roll_back_to_savepoint();
        } else if (command == "ROLLBACK") {
            channels_.rolled_back();
            server_.roll_back();
            wanted_.roll_back();
        } else if (command == "COMMIT") {
            commit();
            static_cast<void>(wanted_.commit());
        } else if (command == "SET client_encoding") {
            hub_serves_ = !hub_serves_;
        } else {
            if (command == "DISCARD ALL") {
                channels_.discarded();
                hub_serves_ = true;
            }
            const bool names = command == "LISTEN" || command == "UNLISTEN";
            const std::string sql = names ? command + " \"" + a_channel() + '"' : command;
            wanted_.run(sql);
            if (!wanted_.in_block()) static_cast<void>(wanted_.commit());
            run_on_server(sql);
        }
    }

    // --- what the server does

    void run_on_server(const std::string& statements) {
        for (std::size_t at = 0; at < statements.size();) {
            const std::size_t end = std::min(statements.find(';', at), statements.size());
            server_.run(statements.substr(at, end - at));
            at = end + 1;
        }
        if (!server_.in_block()) commit();
    }

    void commit() {
        for (const std::string& token : server_.commit()) {
            queue_.push_back({.channel = "marker", .token = token});
            hear_from_server(queue_.back());
        }
    }

    // An UNLISTEN that fails leaves the setting behind that tells of a switch: the next switch is
    // taken for done though it was rolled back.
    [[nodiscard]] bool may_fail(Question question) const {
        return question == Question::hand_over_channels ||
               (question == Question::unlisten && !server_.brought);
    }

    // All that may be asked between two transactions.
    void rest() {
        for (int questions = 0;; ++questions) {
            ASSERT_LT(questions, 20) << "it goes round in circles";
            if (std::exchange(suspected_, false)) {
                tell();
                continue;
            }
            const auto step = channels_.at_rest(listener_.get(), hub_serves_);
            if (!step) break;
            const bool failed = may_fail(step->question) && fails();
            if (!failed) run_on_server(step->sql);
            if (!step->command_behind.empty()) run_on_server(step->command_behind);
            if (step->question == Question::command) suspected_ = true;
            if (step->question == Question::hand_over_channels)
                channels_.handed_over(failed, *listener_);
            if (step->question == Question::unlisten && channels_.unlistened(failed))
                is_pinned_ = false;
        }
        if (!is_pinned_) change_server();
    }

    // The state question is answered.
    void tell() {
        auto told = channels_.told({server_.channels.begin(), server_.channels.end()},
                                   server_.brought, listener_.get(), hub_serves_);
        is_pinned_ = told.pins;
        // What the hub has not read of channels that are unlistened to may be lost, as it may be
        // without pgweir.
        advance_hub(queue_.size());
        if (told.ends) listener_.reset();
        if (!told.missed_marker.empty()) mark(server, told.missed_marker);
        if (!told.wanted) return;
        if (!listener_) listener_ = std::make_unique<Listening>(0, ++listeners_);
        listener_->channels = std::move(*told.wanted);
        listener_->confirmed = false;
    }

    void change_server() {
        const bool is_clean = server_.channels.empty() && !server_.brought;
        const bool is_reset = channels_.lease_ends(listener_.get());
        EXPECT_TRUE(is_clean || is_reset);
        server_ = Backend();
    }

    // --- what is heard

    void hear_from_server(const Entry& entry) {
        const bool is_marker = entry.channel == "marker";
        if (!is_marker && wanted_.channels.contains(entry.channel))
            expected_.push_back(entry.payload);
        if (!server_.channels.contains(entry.channel)) return;
        if (is_marker) {
            if (listener_) mark(server, entry.token);
        } else if (!listener_ || !listener_->was_switched) {
            heard_.push_back(entry.payload);
        } else {
            hear(server, entry.payload);
        }
    }

    void advance_hub(std::size_t end) {
        for (; hub_position_ < end; ++hub_position_) {
            const Entry& entry = queue_[hub_position_];
            if (!listener_) continue;
            if (entry.channel == "marker") {
                if (owner_of_marker(entry.token)->client == listener_->id) mark(hub, entry.token);
            } else if (hub_channels_.contains(entry.channel) &&
                       std::ranges::binary_search(listener_->channels, entry.channel)) {
                hear(hub, entry.payload);
            }
        }
    }

    void confirm() {
        advance_hub(queue_.size());
        if (!listener_) return;
        hub_channels_ = {listener_->channels.begin(), listener_->channels.end()};
        listener_->confirmed = true;
        if (!server_.in_block()) rest();
    }

    void hear(NotificationSource source, int payload) {
        const auto message = std::make_shared<const std::string>(std::to_string(payload));
        if (listener_->merge.hear(source, message)) heard_.push_back(payload);
    }

    void mark(NotificationSource source, const std::string& token) {
        std::vector<SharedMessage> deliverable;
        listener_->merge.mark(source, token, deliverable);
        for (const SharedMessage& message : deliverable) heard_.push_back(std::stoi(*message));
    }

    std::mt19937 random_;
    ChannelHandover channels_{"marker"};
    std::unique_ptr<Listening> listener_;
    std::uint64_t listeners_ = 0;
    Backend server_;  // that the client has now
    Backend wanted_;  // a connection of the client's own
    bool hub_serves_ = true;
    bool is_pinned_ = false;
    bool has_unlistened_ = false;  // in this block
    bool suspected_ = false;       // the state question has to be asked

    std::vector<Entry> queue_;
    std::size_t hub_position_ = 0;
    std::set<std::string> hub_channels_;
    int notified_ = 0;
    std::vector<int> heard_;
    std::vector<int> expected_;
};

TEST(ChannelHandoverModelTest, TheClientHearsAllAndLeavesNothing) {
    for (unsigned seed = 1; seed <= 3000; ++seed) {
        ChannelHandoverModel model(seed);
        for (int i = 0; i < 60; ++i) model.step();
        model.settle();
        ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    }
}

}  // namespace
}  // namespace pgweir::pool
