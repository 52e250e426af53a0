#include "pool/server/reply_delivery.hpp"

#include "pool/io/byte_stream.hpp"

namespace pgweir::pool {

bool ReplyDelivery::write(Tenant* tenant) {
    if (left_.empty()) left_ = pieces_.pieces();
    while (tenant != nullptr && !left_.empty()) {
        if (!tenant->takes_replies()) return false;
        const IoResult result = tenant->replies().write(left_);
        if (result.status == IoResult::Status::would_block) return false;
        if (result.status != IoResult::Status::done) {
            tenant->replies_failed();
            break;
        }
        sent_.add(result.size);
        left_ = drop_front(left_, result.size);
    }
    drop();
    return true;
}

Task<> ReplyDelivery::finish(Tenant* const& tenant) {
    is_waiting_ = true;
    while (!write(tenant)) {
        // The tenant may end while we wait; its stream then resumes us, and it is not looked at
        // again.
        if (tenant->takes_replies()) {
            co_await tenant->replies().writable();
        } else {
            co_await ready_.wait();
        }
    }
    is_waiting_ = false;
}

void ReplyDelivery::drop() {
    left_ = {};
    pieces_.clear();
}

}  // namespace pgweir::pool
