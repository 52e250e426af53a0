// Connections that are not logged in yet: how many there may be, and who makes room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "conf/config.hpp"

namespace pgweir::daemon {

/// Bounds the clients that have not proved who they are. Whoever comes is let in: where the room is
/// full, the client that has waited longest leaves, of the address that has the most in it. So a
/// crowd from one address pushes out its own.
///
/// Shared by all workers; asked when a client comes in and when it has logged in. Thread-safe.
class LoginRoom {
  public:
    struct Limits {
        std::size_t all = 100;
        std::size_t per_address = 0;  ///< 0: no limit
    };
    /// Has a client make room. Called on any thread, and at most once.
    using Leave = std::function<void()>;

    /// A client's place, given up when this is destroyed.
    class Ticket {
      public:
        Ticket() = default;
        Ticket(Ticket&& other) noexcept
            : room_(std::exchange(other.room_, nullptr)), id_(other.id_) {}
        Ticket& operator=(Ticket&& other) noexcept {
            std::swap(room_, other.room_);
            std::swap(id_, other.id_);
            return *this;
        }
        Ticket(const Ticket&) = delete;
        Ticket& operator=(const Ticket&) = delete;
        ~Ticket() {
            if (room_ != nullptr) room_->leave(id_);
        }

      private:
        friend class LoginRoom;
        Ticket(LoginRoom& room, std::uint64_t id) : room_(&room), id_(id) {}
        LoginRoom* room_ = nullptr;
        std::uint64_t id_ = 0;
    };

    void set_limits(Limits limits);
    /// Lets a client in. `leave` of those who make room for it are called before this returns.
    [[nodiscard]] Ticket enter(const std::string& address, Leave leave);
    /// Descriptors have run out: up to `count` make room. Returns how many.
    std::size_t make_room(std::size_t count);

  private:
    struct Guest {
        std::uint64_t id;
        Leave leave;
    };
    using Guests = std::list<Guest>;  ///< of one address, oldest first; never empty
    using Addresses = std::map<std::string, Guests>;
    struct Place {
        Addresses::iterator address;
        Guests::iterator guest;
    };
    /// How many, and how old the oldest is: the greatest is where somebody leaves.
    using Rank = std::pair<std::size_t, std::uint64_t>;

    void leave(std::uint64_t id);
    void remove(std::uint64_t id);
    [[nodiscard]] Leave push_out(Addresses::iterator address);
    [[nodiscard]] static Rank rank(const Guests& guests);

    std::mutex mutex_;  ///< guards what follows
    Limits limits_;
    std::uint64_t next_id_ = 1;
    Addresses addresses_;
    std::map<Rank, Addresses::iterator> fullest_;
    std::unordered_map<std::uint64_t, Place> places_;
};

/// What the configuration allows, whose default follows max_client_conn and the limit of
/// descriptors.
[[nodiscard]] LoginRoom::Limits login_limits(const conf::Config& config);

/// What counts as one address: without the port; of IPv6 the network of 64 bits, which one
/// subscriber has whole; of a Unix socket the account behind it. `shown`: as AcceptedClient has it.
[[nodiscard]] std::string login_address(const std::string& shown, int socket);

}  // namespace pgweir::daemon
