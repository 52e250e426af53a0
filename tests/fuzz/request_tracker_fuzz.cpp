// Any sequence of messages: the tracker must not crash, must not owe more than was asked, and must
// not contradict itself. A byte is one message; its top bit says who sends it. Each operation must
// end just once: done, failed, discarded, or refused at once.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "protocol/wire/request_tracker.hpp"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

// What goes to the server: a message, behind marks ('!' of the pool, '+' of the pool inside of the
// client's extended query, '*' with an operation).
struct Sending {
    char type = 0;
    pgweir::protocol::Origin origin = pgweir::protocol::Origin::client;
    bool operation = false;
};

Sending read_sending(const std::uint8_t* data, std::size_t size, std::size_t& i) {
    using pgweir::protocol::Origin;
    Sending sending;
    for (;; ++i) {
        sending.type = static_cast<char>(data[i] & 0x7fU);
        if (i + 1 == size || std::string_view("!+*").find(sending.type) == std::string_view::npos)
            break;
        if (sending.type == '!') sending.origin = Origin::pool;
        if (sending.type == '+') sending.origin = Origin::injected;
        if (sending.type == '*') sending.operation = true;
    }
    // Those that the pool keeps operations with, and the others that end with a reply of their own.
    sending.operation &= std::string_view("PCBD").find(sending.type) != std::string_view::npos;
    return sending;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgweir::protocol;
    constexpr std::string_view readies[] = {"I", "T", "E", "", "X", "II"};
    RequestTracker tracker;
    std::size_t asked = 0;
    std::size_t operations = 0;
    std::size_t ended = 0;
    bool was_uncertain = false;
    for (std::size_t i = 0; i < size; ++i) {
        const char type = static_cast<char>(data[i] & 0x7fU);
        const std::size_t owed = tracker.owed();
        if ((data[i] & 0x80U) == 0) {
            const Sending sending = read_sending(data, size, i);
            if (!is_frontend_type(sending.type)) continue;
            const bool read = tracker.sent(static_cast<Frontend>(sending.type), sending.origin,
                                           sending.operation ? Operation::yes : Operation::no);
            require(read || tracker.discarding());
            operations += sending.operation && read ? 1 : 0;
            ++asked;
            require(tracker.owed() <= owed + 1);
        } else {
            const Bytes body = readies[i % 6 < 4 ? i % 3 : i % 6];
            const Verdict verdict = tracker.received(static_cast<Backend>(type), body);
            require(tracker.owed() <= owed);
            require(!verdict.ready || type == 'Z');
            const bool violation = verdict.disposition == Verdict::Disposition::violation;
            require(!violation || (!verdict.ready && tracker.owed() == owed));
            require(!violation || verdict.operation == Verdict::Outcome::none);
            require(verdict.operations_discarded == 0 || type == 'E');
            require(verdict.operation != Verdict::Outcome::failed || type == 'E');
            ended += verdict.operations_discarded;
            ended += verdict.operation != Verdict::Outcome::none ? 1 : 0;
            require(owed > 0 || verdict.disposition != Verdict::Disposition::drop);
            if (type == 'Z' && verdict.ready) {
                require(tracker.transaction_status() == static_cast<TransactionStatus>(body[0]));
            }
        }
        require(tracker.owed() <= asked);
        require(ended <= operations && operations - ended <= tracker.owed());
        if (tracker.releasable()) {
            require(tracker.quiet() && !tracker.uncertain());
            require(tracker.transaction_status() == TransactionStatus::idle);
        }
        if (tracker.quiet()) {
            require(tracker.owed() == 0 && !tracker.copying_in() && !tracker.wants_sync());
        }
        require(tracker.uncertain() || !was_uncertain);
        was_uncertain = tracker.uncertain();
    }
    return 0;
}
