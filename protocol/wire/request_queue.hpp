// The requests that a server still owes replies to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pgweir::protocol {

/// Who asked.
enum class Origin : std::uint8_t {
    client,
    /// pgweir itself, inside of a client's extended query: the client is to have no answer, save
    /// for an error, which is the error of the message that this one was sent for.
    injected,
    pool,  ///< pgweir itself, between or before a client's requests: no client may see the answer
};

/// Whether somebody keeps an operation that takes effect with a message (`pool/statements`): then
/// its end, or that it never came to it, is told in the Verdict.
enum class Operation : bool { no, yes };

/// Requests in the order in which they were sent, of which the first is answered next. Only for a
/// RequestTracker, which knows the rules. A value.
class RequestQueue {
  public:
    enum class Kind : std::uint8_t {
        query,
        function_call,
        parse,
        bind,
        describe,
        execute,
        close,
        sync,
        copy_data,  ///< CopyData sent before CopyInResponse was seen, one or several; owes nothing
        copy_end,   ///< CopyDone or CopyFail sent then; owes nothing
    };
    struct Entry {
        Kind kind = Kind::query;
        Origin origin = Origin::client;
        Operation operation = Operation::no;
    };

    [[nodiscard]] std::size_t size() const { return entries_.size() - first_; }
    [[nodiscard]] bool empty() const { return size() == 0; }
    // Only while there is one.
    [[nodiscard]] const Entry& front() const { return entries_[first_]; }
    [[nodiscard]] const Entry& back() const { return entries_.back(); }
    [[nodiscard]] bool front_is(Kind kind) const { return !empty() && front().kind == kind; }

    /// How many were ever put in: the number of the next one, from 0.
    [[nodiscard]] std::size_t pushed_in_all() const { return pushed_in_all_; }
    /// How many end in ReadyForQuery; and those of them that are of Origin::pool.
    [[nodiscard]] std::ptrdiff_t readies() const { return readies_; }
    [[nodiscard]] std::ptrdiff_t readies_of_pool() const { return readies_of_pool_; }
    /// How many are parts of a COPY.
    [[nodiscard]] std::size_t copy_parts() const { return copy_parts_; }

    /// Not for parts of a COPY.
    void push(Entry entry) {
        entries_.push_back(entry);
        ++pushed_in_all_;
        count_ready(entry, 1);
    }
    /// Behind the request that may begin the COPY. `kind`: copy_data or copy_end.
    void push_part_of_copy(Kind kind) {
        push({.kind = kind});
        ++copy_parts_;
    }
    /// Takes the first one out, and all parts of a COPY behind it.
    void pop() {
        count_ready(front(), -1);
        ++first_;
        for (; first_ < entries_.size() && is_of_copy(front().kind); ++first_) --copy_parts_;
        if (first_ == entries_.size()) {
            forget_all();
        } else if (first_ >= many && first_ * 2 >= entries_.size()) {
            // A pipeline that never runs empty must not grow the storage for ever.
            entries_.erase(entries_.begin(), begin());
            first_ = 0;
        }
    }
    /// Takes out the first one and all behind it up to a Sync. `taken(entry)` is called for each
    /// but the first.
    template <class Taken>
    void pop_to_sync(Taken taken) {
        drop_front();
        for (; !empty() && front().kind != Kind::sync; drop_front()) taken(front());
        if (empty()) forget_all();
    }
    /// Takes out what stands behind the first one while `takes(kind)` says so.
    template <class Takes>
    void remove_behind_front(Takes takes) {
        const Entry kept = front();
        std::size_t next = first_ + 1;
        for (; next < entries_.size() && takes(entries_[next].kind); ++next)
            uncount(entries_[next]);
        // The first takes the place of the last that is gone: nothing behind it moves.
        first_ = next - 1;
        entries_[first_] = kept;
    }
    /// Behind the first one there are only Syncs and parts of a COPY.
    [[nodiscard]] bool only_syncs_follow() const {
        return std::all_of(begin() + 1, entries_.end(), [](const Entry& entry) {
            return entry.kind == Kind::sync || is_of_copy(entry.kind);
        });
    }

    [[nodiscard]] static bool is_of_copy(Kind kind) {
        return kind == Kind::copy_data || kind == Kind::copy_end;
    }
    [[nodiscard]] static bool ends_in_ready(Kind kind) {
        return kind == Kind::query || kind == Kind::function_call || kind == Kind::sync;
    }

  private:
    static constexpr std::size_t many = 1024;
    static constexpr std::size_t most_kept = 4096;

    [[nodiscard]] std::vector<Entry>::const_iterator begin() const {
        return entries_.begin() + static_cast<std::ptrdiff_t>(first_);
    }
    void drop_front() {
        uncount(front());
        ++first_;
    }
    /// `entry` goes.
    void uncount(const Entry& entry) {
        if (is_of_copy(entry.kind)) --copy_parts_;
        count_ready(entry, -1);
    }
    /// `entry` came (1), or goes (-1).
    void count_ready(const Entry& entry, int change) {
        if (!ends_in_ready(entry.kind)) return;
        readies_ += change;
        if (entry.origin == Origin::pool) readies_of_pool_ += change;
    }
    void forget_all() {
        entries_.clear();
        first_ = 0;
        // One client's huge pipeline must not stay with the server for good.
        if (entries_.capacity() > most_kept) entries_.shrink_to_fit();
    }

    /// Those from `first_` on are outstanding. Popping moves `first_`; the storage is taken back
    /// whenever the queue runs empty, which a relay does all the time.
    std::vector<Entry> entries_;
    std::size_t first_ = 0;
    std::size_t pushed_in_all_ = 0;
    // Asked for at each message, however many there are.
    std::ptrdiff_t readies_ = 0;
    std::ptrdiff_t readies_of_pool_ = 0;
    std::size_t copy_parts_ = 0;
};

}  // namespace pgweir::protocol
