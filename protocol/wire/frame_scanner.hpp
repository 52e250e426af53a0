// Cuts a byte stream into protocol messages, without copying and without waiting.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// Which message types the user of a scanner wants to see; all others are passed as bytes.
class TypeSet {
  public:
    constexpr explicit TypeSet(std::string_view types) {
        for (const char type : types) wanted_[static_cast<unsigned char>(type)] = true;
    }
    [[nodiscard]] static constexpr TypeSet all() {
        TypeSet set{""};
        set.wanted_.fill(true);
        return set;
    }
    constexpr void remove(char type) { wanted_[static_cast<unsigned char>(type)] = false; }
    [[nodiscard]] constexpr bool contains(char type) const {
        return wanted_[static_cast<unsigned char>(type)];
    }

  private:
    std::array<bool, 256> wanted_{};
};

/// What to do with the front of the input. The input is the bytes not yet done with, so that after
/// `pass` and `frame` the user drops `size` bytes from its front and asks again.
struct Step {
    enum class Kind : std::uint8_t {
        pass,     ///< `size` bytes concern nobody here: hand them on
        frame,    ///< a wanted message stands in front; `size` bytes of it are here
        more,     ///< undecided until the input holds at least `size` bytes
        invalid,  ///< the length field cannot be: the stream is lost
    };
    Kind kind = Kind::more;
    std::size_t size = 0;
    /// The message type; set for `frame`, and for `invalid` the type whose length is wrong.
    char type = 0;
    /// For `frame`: the body, or the part of it that is here. A view into the input.
    Bytes body;
    /// For `frame`: all of the message is here. False only for messages above the hold limit, whose
    /// other bytes come as `pass`.
    bool whole = false;
};

/// Knows where in a stream of messages it is. The frames it reports, and the bytes it passes, are
/// the same however the stream is cut into inputs; only how much more than the hold limit is shown
/// of a message above it differs.
///
/// Pure: no I/O, no allocation. Not thread-safe; one for each direction of a connection.
class FrameScanner {
  public:
    /// `hold_limit`: wanted messages up to this many bytes, header included, are reported when they
    /// are whole, longer ones when at least this many bytes are here. It must not be above the size
    /// of the user's buffer, or `more` asks for what the buffer cannot hold. `max_length`: the
    /// greatest length field accepted.
    explicit constexpr FrameScanner(const TypeSet& wanted, std::size_t hold_limit,
                                    std::uint32_t max_length = 0x7fffffff)
        : wanted_(&wanted), hold_limit_(hold_limit), max_length_(max_length) {}

    /// The next step for `input`. An empty input gives `more`.
    [[nodiscard]] Step next(Bytes input);

    /// From the next message on, these types are wanted; `wanted` must outlive the scanner.
    void want(const TypeSet& wanted) { wanted_ = &wanted; }

    /// Whether the stream stands between two messages.
    [[nodiscard]] bool at_boundary() const { return passing_ == 0; }

    /// Forgets a partly passed message, for a stream that starts anew.
    void reset() { passing_ = 0; }

  private:
    [[nodiscard]] Step pass_run(Bytes input);

    const TypeSet* wanted_;
    std::size_t hold_limit_;
    std::uint32_t max_length_;
    std::size_t passing_ = 0;  ///< bytes of the present message that are still to pass
};

}  // namespace pgweir::protocol
