// What clients' Parse, Close and Describe messages on their way to one server will have changed.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "pool/session/statement.hpp"

namespace pgweir::pool {

/// A queue of operations, oldest first. What is asked about them takes the same time however many
/// there are: a few are looked through, for more there is an index. Lives on one worker; a value
/// without sockets.
class StatementsInFlight {
  public:
    /// A Sync was sent: an error takes back only what stands before the next one.
    void next_segment() { ++segment_; }
    void add(StatementOperation&& operation);

    [[nodiscard]] bool empty() const { return operations_.empty(); }
    [[nodiscard]] const StatementOperation& oldest() const { return operations_[first_]; }
    /// It was answered as was assumed.
    void drop_oldest();
    /// Takes the `count` oldest ones out.
    [[nodiscard]] std::vector<StatementOperation> take(std::size_t count);

    /// Whether a Sync stands between an operation and the next request. Operations are in order, so
    /// that the oldest decides; usually there is none.
    [[nodiscard]] bool has_doubtful() const { return !empty() && oldest().segment != segment_; }
    /// Whether an operation of an earlier segment, which may fail or never be read, settles what
    /// the client has under `name`. `anew`: the request is a Parse, so that those of its own
    /// segment settle nothing.
    [[nodiscard]] bool is_doubtful(Bytes name, bool anew) const;
    /// Whether one of an earlier segment settles whether the server has this text.
    [[nodiscard]] bool is_doubtful_text(Bytes query) const;
    /// A Close of the server's statement of this name is on its way.
    [[nodiscard]] bool closes(Bytes server_name) const;

    /// The oldest one that changes what the client has under `name`, or null. Valid until the next
    /// change.
    [[nodiscard]] StatementOperation* oldest_of(Bytes name);
    /// The oldest one that closes the server's statement of this name, or null. Valid until the
    /// next change.
    [[nodiscard]] StatementOperation* oldest_close_of(Bytes server_name);
    /// The oldest one that sets the server's unnamed statement, or null. Valid until the next
    /// change.
    [[nodiscard]] StatementOperation* oldest_setting_unnamed();
    /// A simple query ends the unnamed statement: none comes back when what is on its way fails.
    void forget_unnamed_before() { ends_unnamed_ = added_; }

  private:
    struct Place {
        unsigned segment;
        std::uint64_t number;  ///< of the operation, counted from the first there ever was
    };
    /// Where the operations stand that share a key, oldest first.
    using Places = std::deque<Place>;
    using Index = boost::unordered_flat_map<std::string, Places, TextHash, std::equal_to<>>;
    /// How many are looked through one by one.
    static constexpr std::size_t few = 16;

    [[nodiscard]] std::size_t size() const { return operations_.size() - first_; }
    [[nodiscard]] std::uint64_t oldest_number() const { return added_ - size(); }
    template <class Change>
    void for_each_key(const StatementOperation& operation, Change change);
    void index(const StatementOperation& operation, std::uint64_t number);
    void forget_oldest();
    void make_room();

    /// Those from `first_` on are on their way, as in RequestTracker.
    std::vector<StatementOperation> operations_;
    std::size_t first_ = 0;
    std::uint64_t added_ = 0;
    std::uint64_t ends_unnamed_ = 0;  ///< number of the first behind the latest simple query
    unsigned segment_ = 0;
    std::size_t setting_unnamed_ = 0;
    bool indexed_ = false;
    Index by_name_;  ///< of those that settle what the client has under a name
    Index by_text_;  ///< of those that settle what the server has, by the text
    Index closing_;  ///< of those that close, by the server's name
};

}  // namespace pgweir::pool
