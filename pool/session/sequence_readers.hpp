// Which programs read what they have got from sequences.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "pool/session/sequence_owner.hpp"
#include "pool/session/session_settings.hpp"

namespace pgweir::pool {

/// Which programs read in a later transaction what they got from a sequence. A program is told by
/// its application_name. Of one that is not known yet it is assumed, for its first values.
///
/// Thread-safe.
class SequenceReaders {
  public:
    /// Of so many values none was read in a later transaction: then none is expected to be.
    static constexpr unsigned values_to_learn = 100;
    /// One more, and all are forgotten: each is learned anew.
    static constexpr std::size_t most_programs = 256;

    /// A session of `program` has got a value. Whether it may be about to read it in a later
    /// transaction.
    [[nodiscard]] bool got_value(std::string_view program);
    /// A session of `program` may have read a value in the transaction that got it.
    void may_read(std::string_view program);
    /// A session of `program` has read, or was about to, what an earlier transaction got.
    void has_read(std::string_view program);
    /// Whether a session of `program` may read a value that it gets now.
    [[nodiscard]] bool expects(std::string_view program);
    /// Whether a session of `program` has read in a later transaction what it got.
    [[nodiscard]] bool reads_later(std::string_view program);

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

/// The program of one client, as its pool's SequenceReaders know it. Lives for one call.
class ClientsProgram final : public SequenceReader {
  public:
    /// `settings`: the client's.
    ClientsProgram(SequenceReaders& readers, const SessionSettings& settings)
        : readers_(readers), settings_(settings) {}

    [[nodiscard]] bool got_value() override { return readers_.got_value(name()); }
    void may_read() override { readers_.may_read(name()); }
    void has_read() override { readers_.has_read(name()); }
    [[nodiscard]] bool expects() override { return readers_.expects(name()); }
    [[nodiscard]] bool reads_later() override { return readers_.reads_later(name()); }

  private:
    [[nodiscard]] std::string_view name() const;

    SequenceReaders& readers_;
    const SessionSettings& settings_;
};

}  // namespace pgweir::pool
