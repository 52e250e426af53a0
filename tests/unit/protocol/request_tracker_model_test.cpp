// Random clients against a model of PostgreSQL's message loop: what the tracker says must be what
// the model knows.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "backend_model.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::protocol {
namespace {

using test::BackendModel;
using test::ClientMessage;
using test::Reply;

class Conversation {
  public:
    explicit Conversation(std::mt19937& random) : random_(random) {}

    void play() {
        for (int step = 0; step < 60 && !model_.closed() && !testing::Test::HasFailure(); ++step) {
            switch (random_() % 4) {
                case 0:
                case 1:
                    send();
                    break;
                case 2:
                    work();
                    break;
                default:
                    deliver();
            }
            probe();
            never_quiet_too_early();
            if (random_() % 8 == 0) drain();
        }
        if (!testing::Test::HasFailure()) drain();
    }
    [[nodiscard]] const std::string& story() const { return story_; }
    [[nodiscard]] bool uncertain() const { return tracker_.uncertain(); }
    /// How many doubts a probe has settled.
    [[nodiscard]] int settled() const { return settled_; }

  private:
    ClientMessage choose() {
        using Fate = ClientMessage::Fate;
        // While a COPY may be under way, mostly what belongs to one: all else is fatal there.
        const std::string_view types =
            maybe_copying_ && random_() % 8 != 0 ? "dddccfSH" : "QQPBDEECSSHFPBESdcf";
        ClientMessage message{.type = types[random_() % types.size()]};
        message.status = "IITE"[random_() % 4];
        if (random_() % 6 == 0) message.fate = Fate::fails;
        if ((message.type == 'Q' || message.type == 'E') && random_() % 3 == 0) {
            constexpr std::array copies{Fate::copies, Fate::copies, Fate::copies_twice,
                                        Fate::copies_into_view, Fate::copies_out};
            message.fate = copies[random_() % copies.size()];
            maybe_copying_ = message.fate != Fate::copies_out;
        }
        if (message.type == 'c' || message.type == 'f') maybe_copying_ = random_() % 4 == 0;
        if (message.type == 'P' || message.type == 'C') {
            message.injected = random_() % 3 == 0;
            message.operation = random_() % 2 == 0;
        }
        return message;
    }
    void send() {
        const ClientMessage message = choose();
        if (tracker_.must_wait(static_cast<Frontend>(message.type))) return;
        story_ += std::string(message.injected ? " >+" : " >") + message.type;
        if (message.operation) story_ += '*';
        if (message.fate != ClientMessage::Fate::good) {
            story_ += std::to_string(static_cast<int>(message.fate));
        }
        const bool read = tracker_.sent(static_cast<Frontend>(message.type),
                                        message.injected ? Origin::injected : Origin::client,
                                        message.operation ? Operation::yes : Operation::no);
        if (message.operation) ++(read ? operations_.registered : operations_.refused);
        input_.push_back(message);
    }
    // What pgweir sends of its own where it is in doubt how many answers are to come.
    void probe() {
        if (!tracker_.wants_probe() || random_() % 2 == 0) return;
        story_ += " >>C >>S";
        for (const char type : {'C', 'S'}) {
            tracker_.sent(static_cast<Frontend>(type), Origin::pool);
            input_.push_back({.type = type, .probe = true});
        }
    }
    void work() {
        if (input_.empty()) return;
        model_.process(input_.front(), random_);
        input_.pop_front();
    }
    void deliver() {
        if (model_.replies.empty()) return;
        const Reply answer = model_.replies.front();
        const std::string& reply = answer.text;
        model_.replies.pop_front();
        story_ += " <" + reply;
        const Verdict verdict = tracker_.received(static_cast<Backend>(reply[0]),
                                                  reply.size() > 2 ? reply.substr(2) : "");
        const bool failure = reply == "E";
        if (tracker_.uncertain()) {  // it passes on what it cannot tell; nobody injects then
            EXPECT_NE(verdict.disposition, Verdict::Disposition::violation) << story_;
            return;
        }
        if (answer.of_probe && reply == "3") ++settled_;
        const bool dropped = answer.of_probe || (answer.injected && !failure);
        EXPECT_EQ(verdict.disposition,
                  dropped ? Verdict::Disposition::drop : Verdict::Disposition::forward)
            << story_;
        EXPECT_EQ(verdict.ready, reply[0] == 'Z') << story_;
        EXPECT_EQ(verdict.operation, !answer.operation ? Verdict::Outcome::none
                                     : failure         ? Verdict::Outcome::failed
                                                       : Verdict::Outcome::done)
            << story_;
        operations_.answered += answer.operation ? 1 : 0;
        operations_.discarded += verdict.operations_discarded;
    }
    // The server works off all that was sent, and the client reads all of it.
    void drain() {
        while (!input_.empty()) work();
        while (!model_.replies.empty()) deliver();
        story_ += " |";
        if (tracker_.in_doubt() && !tracker_.uncertain()) {
            EXPECT_TRUE(tracker_.wants_probe() || tracker_.discarding()) << story_;
            return;
        }
        if (tracker_.uncertain() || model_.closed()) {
            EXPECT_FALSE(tracker_.releasable()) << story_;
            return;
        }
        EXPECT_EQ(tracker_.quiet(), model_.quiet()) << story_;
        EXPECT_EQ(tracker_.releasable(), model_.quiet() && model_.status() == 'I') << story_;
        EXPECT_EQ(tracker_.copying_in(), model_.copying()) << story_;
        EXPECT_EQ(operations_.discarded + operations_.refused, model_.operations_discarded())
            << story_;
        EXPECT_EQ(operations_.answered + operations_.discarded, operations_.registered) << story_;
        if (!model_.copying()) {
            EXPECT_EQ(tracker_.wants_sync(), model_.wants_sync()) << story_;
            EXPECT_EQ(tracker_.owed(), 0U) << story_;
        }
        EXPECT_EQ(static_cast<char>(tracker_.transaction_status()), model_.status()) << story_;
    }
    void never_quiet_too_early() {
        // Counted as they come and go, whatever way they go.
        if (tracker_.owed() == 0) {
            EXPECT_FALSE(tracker_.owes_ready()) << story_;
            EXPECT_EQ(tracker_.may_have_failed(),
                      tracker_.transaction_status() == TransactionStatus::failed)
                << story_;
        }
        if (model_.replies.empty() || tracker_.uncertain()) return;
        EXPECT_FALSE(tracker_.quiet()) << "replies are still to come:" << story_;
    }

    std::mt19937& random_;
    RequestTracker tracker_;
    BackendModel model_;
    std::deque<ClientMessage> input_;
    struct {
        std::size_t registered = 0;  ///< the tracker keeps them
        std::size_t refused = 0;     ///< the tracker says that the server will discard them
        std::size_t answered = 0;
        std::size_t discarded = 0;
    } operations_;
    std::string story_;
    int settled_ = 0;
    bool maybe_copying_ = false;
};

TEST(RequestTrackerModel, AgreesWithThePostgresqlMessageLoop) {
    int certain = 0;
    int settled = 0;
    for (unsigned seed = 0; seed < 40'000; ++seed) {
        std::mt19937 random(seed);
        Conversation conversation(random);
        conversation.play();
        ASSERT_FALSE(HasFailure()) << "seed " << seed << ":" << conversation.story();
        certain += conversation.uncertain() ? 0 : 1;
        settled += conversation.settled();
    }
    // The model would prove nothing if most conversations ended in doubt, or none was ever in it.
    EXPECT_GT(certain, 36'000);
    EXPECT_GT(settled, 400);
}

}  // namespace
}  // namespace pgweir::protocol
