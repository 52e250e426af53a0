// Any sequence of messages: the tracker must not crash, must not owe more than was asked, and must
// not contradict itself. A byte is one message; its top bit says who sends it.
#include <cstdint>
#include <cstdlib>

#include "protocol/request_tracker.hpp"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgweir::protocol;
    constexpr std::string_view readies[] = {"I", "T", "E", "", "X", "II"};
    RequestTracker tracker;
    std::size_t asked = 0;
    bool was_uncertain = false;
    for (std::size_t i = 0; i < size; ++i) {
        const char type = static_cast<char>(data[i] & 0x7fU);
        const std::size_t owed = tracker.owed();
        if ((data[i] & 0x80U) == 0) {
            // '!' and the next byte: a message of the pool's own.
            const bool of_pool = type == '!' && i + 1 < size;
            if (of_pool) ++i;
            const char sent = static_cast<char>(data[i] & 0x7fU);
            if (!is_frontend_type(sent)) continue;
            tracker.sent(static_cast<Frontend>(sent), of_pool ? Origin::pool : Origin::client);
            ++asked;
            require(tracker.owed() <= owed + 1);
        } else {
            const Bytes body = readies[i % 6 < 4 ? i % 3 : i % 6];
            const Verdict verdict = tracker.received(static_cast<Backend>(type), body);
            require(tracker.owed() <= owed);
            require(!verdict.ready || type == 'Z');
            const bool violation = verdict.disposition == Verdict::Disposition::violation;
            require(!violation || (!verdict.ready && tracker.owed() == owed));
            require(owed > 0 || verdict.disposition != Verdict::Disposition::drop);
            if (type == 'Z' && verdict.ready) {
                require(tracker.transaction_status() == static_cast<TransactionStatus>(body[0]));
            }
        }
        require(tracker.owed() <= asked);
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
