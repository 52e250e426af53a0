// The coroutine that reads a server, and brings what it reads to the tenant.
#include "pool/server/server.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Backend;
using protocol::Bytes;
using protocol::Step;

namespace {

constexpr protocol::TypeSet all_messages = protocol::TypeSet::all();

// From a server everything is looked at but rows and COPY data, of which there can be gigabytes;
// and rows where they answer pgweir itself.
constexpr protocol::TypeSet all_but_rows = [] {
    protocol::TypeSet set = protocol::TypeSet::all();
    set.remove(static_cast<char>(Backend::data_row));
    set.remove(static_cast<char>(Backend::copy_data));
    return set;
}();

}  // namespace

Task<> Server::run() {
    const auto self = shared_from_this();
    bool drained = true;
    while (!lifecycle_.is(State::closed)) {
        if (lifecycle_.is(State::leaving)) {
            home_.move_out(*this, destination_);
            co_return;
        }
        if (drained) {
            buffer_.give_back_if_empty();
            co_await stream_.readable();
            drained = false;
            continue;
        }
        const IoResult result = stream_.read(buffer_.room());
        if (result.status == IoResult::Status::would_block) {
            drained = true;
            continue;
        }
        if (result.status != IoResult::Status::done) {
            close(ServerClose::lost,
                  result.error ? result.error.message() : "closed by the server");
            co_return;
        }
        drained = result.drained;
        home_.context().resumptions.time_passes();
        buffer_.filled(result.size);
        statistics_.server_bytes_received.add(result.size);
        if (!scan()) co_return;
        // The end follows, often in the same packet: not to be left to the tick (LateEnds).
        if (keeper_.said_fatal()) drained = false;
        if (!replies_.write(tenant_)) co_await replies_.finish(tenant_);
        if (!lifecycle_.is(State::closed)) after_delivery();
    }
}

// Goes through what was read and notes which of it the tenant is to have. False when the server had
// to be closed.
bool Server::scan() {
    const Bytes held = buffer_.held();
    std::size_t done = 0;
    while (true) {
        scanner_.want(keeper_.reads_rows() ? all_messages : all_but_rows);
        const Bytes rest = protocol::behind(held, done);
        const Step step = scanner_.next(rest);
        if (step.kind == Step::Kind::more) {
            buffer_.consume(done);
            return true;
        }
        if (step.kind == Step::Kind::invalid) {
            std::ignore = replies_.write(tenant_);
            close(ServerClose::protocol_error, "a message of impossible length");
            return false;
        }
        const Bytes bytes = protocol::first(rest, step.size);
        Reply reply = step.kind == Step::Kind::frame
                          ? keeper_.reply(step, bytes)
                          : keeper_.more_of_reply(bytes, scanner_.at_boundary());
        // The tenant ends itself when it does not accept the status, and takes the reply's end with
        // it.
        if (reply.ends && !tenant_->accepts(keeper_.tracker().transaction_status()))
            reply.bytes = {};
        if (!obey(true)) return false;
        if (!reply.bytes.empty()) keeper_.delivery().add(reply.bytes);
        done += step.size;
    }
}

void Server::after_delivery() {
    if (keeper_.set_up_is_finished()) {
        const std::optional<protocol::ErrorReport> error = keeper_.take_set_up_result();
        if (tenant_ != nullptr) tenant_->set_up_finished(error);
    }
    SessionEvents& events = keeper_.events();
    for (const protocol::TransactionStatus status : events.replies) {
        if (tenant_ != nullptr) tenant_->reply_finished(status);
    }
    events.replies.clear();
    if (tenant_ == nullptr) {
        clean();
        return;
    }
    const protocol::RequestTracker& tracker = keeper_.tracker();
    const bool nothing_follows =
        tracker.owed() == 0 && !tracker.discarding() && !keeper_.said_fatal();
    if (tracker.uncertain() && nothing_follows) {
        close(ServerClose::protocol_error, "an error that nothing asked for");
        return;
    }
    Tenant& tenant = *tenant_;
    // Behind the release the server may be another tenant's.
    const bool question_answered = std::exchange(events.question_answered, false);
    if (!keeper_.request_waits()) release_if_done();
    tenant.replies_delivered();
    if (question_answered) tenant.question_answered();
}

}  // namespace pgweir::pool
