// A small model of PostgreSQL's message loop (PostgresMain, SocketBackend, CopyGetData).
#pragma once

#include <deque>
#include <random>
#include <string>
#include <string_view>

namespace pgweir::protocol::test {

/// What a client sends: the type, and what the server will make of it.
struct ClientMessage {
    char type = 0;
    bool injected = false;   ///< pgweir's own, inside of the client's extended query
    bool operation = false;  ///< somebody keeps an operation with it
    bool probe = false;      ///< pgweir's own Close or Sync
    enum class Fate : char { good, fails, copies, copies_twice, copies_into_view, copies_out };
    Fate fate = Fate::good;
    char status = 'I';  ///< of the ReadyForQuery that answers it
};

/// A reply, and what it answers.
struct Reply {
    std::string text;
    bool injected = false;
    bool operation = false;
    bool of_probe = false;  ///< it answers pgweir's own probe
};

/// Takes messages in order, gives replies in order ("Z" with its status as "Z:I").
class BackendModel {
  public:
    void process(const ClientMessage& message, std::mt19937& random) {
        if (closed_) return;
        if (copies_left_ > 0) return in_copy(message);
        if (skipping_ && message.type != 'S') {
            operations_discarded_ += message.operation ? 1 : 0;
            return;
        }
        if (message.probe) return answer_probe(message.type);
        if (std::string_view("SHdcf").find(message.type) == std::string_view::npos) {
            copy_failed_ = false;
        }
        switch (message.type) {
            case 'Q':
            case 'E':
                return run(message, random);
            case 'F':
                reply(message.fate == Fate::fails ? "E" : "V");
                return ready(message.status);
            case 'S':
                skipping_ = false;
                // A deferred constraint; but behind a COPY that failed nothing is left to check.
                if (message.fate == Fate::fails && !copy_failed_) reply("E");
                return ready(message.status);
            case 'P':
                return extended(message, {"1"});
            case 'B':
                return extended(message, {"2"});
            case 'C':
                return extended(message, {"3"});
            case 'D':
                switch (random() % 3) {
                    case 0:
                        return extended(message, {"t", "T"});
                    case 1:
                        return extended(message, {"t", "n"});
                    default:
                        return extended(message, {"T"});
                }
            default:  // Flush; CopyData, CopyDone and CopyFail are ignored outside of a COPY
                return;
        }
    }

    [[nodiscard]] bool quiet() const { return copies_left_ == 0 && !skipping_ && !unsynced_; }
    [[nodiscard]] bool copying() const { return copies_left_ > 0; }
    [[nodiscard]] bool wants_sync() const { return skipping_ || unsynced_; }
    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] char status() const { return status_; }
    /// How many messages with an operation it has passed over.
    [[nodiscard]] std::size_t operations_discarded() const { return operations_discarded_; }
    std::deque<Reply> replies;

  private:
    using Fate = ClientMessage::Fate;

    void reply(const std::string& text) { replies.push_back({.text = text}); }
    void ready(char status) {
        unsynced_ = false;
        status_ = status;
        reply(std::string("Z:") + status);
    }
    void answer_probe(char type) {
        skipping_ = unsynced_ = false;
        replies.push_back(
            {.text = type == 'C' ? "3" : std::string("Z:") + status_, .of_probe = true});
    }
    void extended(const ClientMessage& message, std::initializer_list<const char*> answer) {
        const auto tell = [&](const char* text) {
            replies.push_back(
                {.text = text, .injected = message.injected, .operation = message.operation});
        };
        if (message.fate == Fate::fails) {
            tell("E");
            skip();
            return;
        }
        unsynced_ = true;
        for (const char* const part : answer) tell(part);
    }
    void fail(const ClientMessage& statement) {
        reply("E");
        copies_left_ = 0;
        copy_failed_ = true;
        if (statement.type == 'Q') return ready(statement.status);
        skip();
    }
    void skip() {
        skipping_ = true;
        unsynced_ = false;
    }
    void finish(const ClientMessage& statement) {
        if (statement.type == 'Q') return ready(statement.status);
        unsynced_ = true;
    }
    void run(const ClientMessage& message, std::mt19937& random) {
        switch (message.fate) {
            case Fate::fails:
                if (random() % 2 == 0 && message.type == 'Q') reply("T");
                if (random() % 2 == 0) reply("D");
                return fail(message);
            case Fate::copies_into_view:
                reply("G");
                return fail(message);
            case Fate::copies:
            case Fate::copies_twice:
                copies_left_ = message.type == 'Q' && message.fate == Fate::copies_twice ? 2 : 1;
                statement_ = message;
                return reply("G");
            case Fate::copies_out:
                for (const char* const part : {"H", "d", "d", "c", "C"}) reply(part);
                return finish(message);
            case Fate::good:
                break;
        }
        if (random() % 4 == 0) reply("N");
        switch (random() % 3) {
            case 0:
                reply("I");
                break;
            case 1:
                if (message.type == 'Q') reply("T");
                reply("D");
                reply(message.type == 'E' && random() % 2 == 0 ? "s" : "C");
                break;
            default:
                reply("S");
                reply("C");
        }
        finish(message);
    }
    void in_copy(const ClientMessage& message) {
        switch (message.type) {
            case 'd':
                if (message.fate == Fate::fails) fail(statement_);
                return;
            case 'c':
                reply("C");
                if (--copies_left_ > 0) return reply("G");
                return finish(statement_);
            case 'f':
                return fail(statement_);
            case 'S':
            case 'H':
                return;
            default:  // "protocol synchronization was lost"
                reply("E");
                reply("E");
                closed_ = true;
        }
    }

    int copies_left_ = 0;
    std::size_t operations_discarded_ = 0;
    ClientMessage statement_;
    bool copy_failed_ = false;
    bool skipping_ = false;
    bool unsynced_ = false;
    bool closed_ = false;
    char status_ = 'I';
};

}  // namespace pgweir::protocol::test
