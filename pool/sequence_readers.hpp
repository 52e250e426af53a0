// Who keeps the server where he got a value from a sequence: currval() and lastval() tell it there
// alone (manual, "Sequence Manipulation Functions").
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "pool/deadlines.hpp"

namespace pgweir::pool {

/// Which programs read in a later transaction what they got from a sequence. A program is told by
/// its application_name. Of one that is not known yet it is assumed, for its first values.
///
/// Thread-safe.
class SequenceReaders {
  public:
    /// Of so many values none was read in a later transaction: then none is expected to be.
    static constexpr unsigned values_to_learn = 100;
    /// For how long a client that rests keeps its server after the latest value.
    struct Stay {
        milliseconds at_most;
        milliseconds while_others_wait;
        bool operator==(const Stay&) const = default;
    };
    static constexpr Stay stay_of_reader{milliseconds(10'000), milliseconds(1'000)};
    static constexpr Stay stay_of_unknown{milliseconds(20), milliseconds(20)};
    /// Where others have waited for so long, nobody keeps a server for a value.
    static constexpr milliseconds patience{1000};
    /// One more, and all are forgotten: each is learned anew.
    static constexpr std::size_t most_programs = 256;

    /// A session of `program` has got a value. Whether it may be about to read it.
    [[nodiscard]] bool got_value(std::string_view program);
    /// A session of `program` may have read a value in the transaction that got it.
    void may_read(std::string_view program);
    /// Whether a session of `program` may read a value that it gets now.
    [[nodiscard]] bool expects(std::string_view program);
    /// A session of `program` has read, or was about to, what an earlier transaction got.
    void has_read(std::string_view program);
    [[nodiscard]] Stay stay(std::string_view program);

  private:
    struct Program {
        bool reads = false;  // in a later transaction
        bool may_read_own = false;
        unsigned values = 0;
    };
    [[nodiscard]] Program& find(std::string_view name);

    std::mutex mutex_;
    std::map<std::string, Program, std::less<>> programs_;
};

}  // namespace pgweir::pool
