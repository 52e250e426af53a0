// Why a client keeps its server over transactions.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgweir::pool {

/// State of a session that cannot follow its client to another server.
enum class PinReason : std::uint8_t {
    temporary_object,   ///< something lives in the session's temporary schema
    advisory_lock,      ///< a session-level advisory lock is held
    cursor_with_hold,   ///< a cursor is open outside of a transaction
    sql_prepared,       ///< PREPARE by SQL, or a protocol-level statement that is not carried
    listen,             ///< LISTEN
    sequence,           ///< the session uses currval() or lastval()
    superuser_setting,  ///< a setting that the login's role could not set again
    custom_setting,     ///< a setting of its own whose name was not seen
    replication_slot,   ///< a temporary replication slot
    large_statement,    ///< a prepared statement too long to be carried
    unseen,             ///< LOAD, setseed(), dblink_connect(): nothing shows when it is over
    unknown,            ///< the server could not be asked, or answered what pgweir does not know
    count_
};

/// The reason's name in metrics, log and console.
[[nodiscard]] constexpr std::string_view name(PinReason reason) {
    constexpr std::array<std::string_view, static_cast<std::size_t>(PinReason::count_)> names{
        "temporary_object",  "advisory_lock",  "cursor_with_hold",
        "sql_prepared",      "listen",         "sequence",
        "superuser_setting", "custom_setting", "replication_slot",
        "large_statement",   "unseen",         "unknown"};
    return names[static_cast<std::size_t>(reason)];
}

/// A set of reasons.
class Pins {
  public:
    constexpr void add(PinReason reason) { bits_ |= bit(reason); }
    constexpr void remove(PinReason reason) { bits_ &= static_cast<std::uint16_t>(~bit(reason)); }
    [[nodiscard]] constexpr bool contains(PinReason reason) const {
        return (bits_ & bit(reason)) != 0;
    }
    [[nodiscard]] constexpr bool any() const { return bits_ != 0; }
    /// Calls `f` with each reason of the set.
    template <class F>
    void for_each(F f) const {
        for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(PinReason::count_); ++i) {
            if (contains(static_cast<PinReason>(i))) f(static_cast<PinReason>(i));
        }
    }
    friend constexpr bool operator==(Pins, Pins) = default;

  private:
    static constexpr std::uint16_t bit(PinReason reason) {
        return static_cast<std::uint16_t>(1U << static_cast<unsigned>(reason));
    }
    std::uint16_t bits_ = 0;
};

}  // namespace pgweir::pool
