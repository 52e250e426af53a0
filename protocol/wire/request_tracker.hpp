// What was asked of a server, and what it still owes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/wire/messages.hpp"
#include "protocol/wire/request_queue.hpp"

namespace pgweir::protocol {

/// What to do with a message from the server.
struct Verdict {
    enum class Disposition : std::uint8_t {
        forward,    ///< it is the client's
        drop,       ///< it answers something that pgweir asked
        violation,  ///< nothing asked for it: the server cannot be trusted any more
    };
    Disposition disposition = Disposition::forward;
    /// It was a ReadyForQuery that answers a request of this origin.
    bool ready = false;
    Origin origin = Origin::client;
    /// What became of the oldest operation.
    enum class Outcome : std::uint8_t { none, done, failed };
    Outcome operation = Outcome::none;
    /// How many operations behind the failed message the server discards, and will never answer.
    std::size_t operations_discarded = 0;
    /// Of an error: which request it answers, by the count of RequestTracker::sent_in_all().
    std::size_t failed_request = 0;
};

/// Some requests, by their numbers (RequestTracker::sent_in_all()).
struct RequestSpan {
    std::size_t first = 0;
    std::size_t behind = 0;  ///< the last of them
};

/// Pairs requests with replies for one server connection. A pure queue: it is told each message
/// that goes to the server and each that comes back, in order, and alone answers whether the server
/// may be released to somebody else.
///
/// Rules: PostgreSQL manual, "Message Flow" (protocol-flow.html), above all "Extended Query",
/// "Pipelining" and "COPY Operations". Not thread-safe.
class RequestTracker {
  public:
    /// A message was handed to the server. Terminate must not be reported: it is never forwarded.
    /// False when the server discards it, up to a Sync: then its operation never comes to pass.
    bool sent(Frontend type, Origin origin = Origin::client, Operation operation = Operation::no);

    /// A message came from the server. `body` is read only for ReadyForQuery.
    [[nodiscard]] Verdict received(Backend type, Bytes body);

    /// Nothing is owed, no transaction is open, no COPY is under way, no extended-query message is
    /// waiting for its Sync, and nothing happened that leaves doubt about it.
    [[nodiscard]] bool releasable() const {
        return quiet() && status_ == TransactionStatus::idle && !uncertain_;
    }

    /// As `releasable`, but a transaction may be open: the server waits for the next request.
    [[nodiscard]] bool quiet() const {
        return owed() == 0 && sequence_ == Sequence::none && !copying_in() && !in_doubt();
    }

    /// Requests whose last reply has not come yet.
    [[nodiscard]] std::size_t owed() const { return requests_.size(); }

    /// How many requests that are answered were ever sent: the number of the next one, from 0.
    [[nodiscard]] std::size_t sent_in_all() const { return requests_.pushed_in_all(); }

    /// How many of them have their answer: the number of the oldest that has not.
    [[nodiscard]] std::size_t answered() const { return sent_in_all() - owed(); }

    /// The requests that the latest message may belong to: from the one behind the ReadyForQuery
    /// before it up to the one that it answers.
    [[nodiscard]] const RequestSpan& answering() const { return answering_; }
    /// The number of the oldest request whose ReadyForQuery has not come.
    [[nodiscard]] std::size_t unsettled() const {
        return was_ready_ ? answered() : answering_.first;
    }

    /// A ReadyForQuery is still to come.
    [[nodiscard]] bool owes_ready() const { return requests_.readies() > 0; }

    /// The next reply answers a request of pgweir's own.
    [[nodiscard]] bool answering_pool() const {
        return owed() > 0 && requests_.front().origin == Origin::pool;
    }

    /// The status the latest ReadyForQuery gave.
    [[nodiscard]] TransactionStatus transaction_status() const { return status_; }

    /// The next message meets a failed transaction, or may: what was asked before an earlier
    /// ReadyForQuery that has not come can fail.
    [[nodiscard]] bool may_have_failed() const {
        return status_ == TransactionStatus::failed ||
               requests_.readies() > requests_.readies_of_pool();
    }

    /// The same in a transaction block that is open, so far as it is known: what is read or run
    /// there next may be refused in its place.
    [[nodiscard]] bool block_may_fail() const {
        return status_ == TransactionStatus::in_transaction && owes_ready();
    }

    /// The client's part of a COPY FROM STDIN is under way: the server reads CopyData.
    [[nodiscard]] bool copying_in() const { return copy_ == Copy::in; }

    /// A replication stream is under way (COPY BOTH): it has no end of its own.
    [[nodiscard]] bool copying_both() const { return copy_ == Copy::both; }

    /// Extended-query messages were sent since the last Sync, or the server discards messages until
    /// one: a Sync is what brings it back.
    [[nodiscard]] bool wants_sync() const { return sequence_ != Sequence::none; }

    /// The server discards everything up to the next Sync, after an error in an extended query.
    [[nodiscard]] bool discarding() const { return sequence_ == Sequence::discarded; }

    /// As `discarding`, or it may: an extended-query message that can fail is under way, and no
    /// Sync was sent behind it.
    [[nodiscard]] bool may_discard() const {
        return discarding() || sent_without_sync_ > answered();
    }

    /// A COPY FROM STDIN failed after a Sync was sent into it. The server has ignored this Sync if
    /// it read it before the COPY failed, and has answered it, or will, if it read it later: so it
    /// is not known how many ReadyForQuery are still to come. A probe settles it.
    [[nodiscard]] bool in_doubt() const { return doubtful_ > 0 || probing_; }

    /// A probe can be sent now: a Close of Origin::pool and its Sync. Nothing else is answered by
    /// CloseComplete then, so what comes before that belongs to earlier requests.
    [[nodiscard]] bool wants_probe() const { return doubtful_ > 0 && !probing_ && !discarding(); }

    /// A message of this type must not be sent yet: what the server does with it depends on how a
    /// COPY ends, or has ended.
    [[nodiscard]] bool must_wait(Frontend type) const;

    /// A part of a COPY was sent, and it is not known yet whether the server reads it as one: send
    /// a Flush behind it, because the answer may be waited for before there is a Sync.
    [[nodiscard]] bool copy_is_open() const {
        return copy_ == Copy::ended || requests_.copy_parts() > 0;
    }

    /// The server has sent an error that answers nothing, or it cannot be known what it makes of
    /// messages that are on their way: it is to be closed. Replies too many are then forwarded.
    [[nodiscard]] bool uncertain() const { return uncertain_; }

  private:
    using Request = RequestQueue::Kind;
    /// Extended-query messages since the latest Sync.
    enum class Sequence : std::uint8_t {
        none,
        open,       ///< some were sent
        discarded,  ///< one has failed, and the server discards what comes
    };
    /// The COPY of the statement that runs.
    enum class Copy : std::uint8_t {
        none,   ///< or one that only gives data
        in,     ///< the server reads CopyData
        ended,  ///< by its client, behind Syncs sent into it; the result is not in
        both,   ///< replication
    };

    void note_discarded(Frontend type);
    [[nodiscard]] Verdict begin_verdict(Backend type);
    void pop_if(Request request, Verdict& verdict);
    void copy_data_from_client();
    void end_copy_from_client();
    void start_copy_in(Verdict& verdict);
    void start_copy_both(Verdict& verdict);
    void end_copy();
    void skip_to_sync(Verdict& verdict);
    void on_statement_end(Verdict& verdict);
    void on_error(Verdict& verdict);
    void on_ready(Bytes body, Verdict& verdict);
    void probe_answered();
    void unexpected(Verdict& verdict) const;
    /// The first request is one that runs a statement: it gives rows, COPY data and a result.
    [[nodiscard]] bool statement_runs() const {
        return requests_.front_is(Request::query) || requests_.front_is(Request::execute);
    }
    /// All that was sent before the probe has been answered, but for what is in doubt.
    [[nodiscard]] bool at_probe() const { return probing_ && requests_.front_is(Request::close); }

    RequestQueue requests_;
    RequestSpan answering_;
    bool was_ready_ = false;  ///< the latest message was a ReadyForQuery
    TransactionStatus status_ = TransactionStatus::idle;
    Sequence sequence_ = Sequence::none;
    Copy copy_ = Copy::none;
    bool probing_ = false;  ///< the last of requests_ are the probe
    bool uncertain_ = false;
    /// How many requests were sent up to the latest extended-query message without a Sync behind
    /// it.
    std::size_t sent_without_sync_ = 0;
    /// Syncs sent into the COPY under way: ignored, but for those that the server reads after the
    /// COPY has failed.
    std::size_t syncs_in_copy_ = 0;
    std::size_t doubtful_ = 0;  ///< ReadyForQuery that may still come beyond those that are owed
};

}  // namespace pgweir::protocol
