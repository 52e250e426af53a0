#include "daemon/client/login_room.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "conf/access/ip_address.hpp"

namespace pgweir::daemon {

void LoginRoom::set_limits(Limits limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
}

LoginRoom::Rank LoginRoom::rank(const Guests& guests) {
    return {guests.size(), std::numeric_limits<std::uint64_t>::max() - guests.front().id};
}

LoginRoom::Ticket LoginRoom::enter(const std::string& address, Leave leave) {
    std::vector<Leave> leaving;
    std::uint64_t id = 0;
    {
        const std::lock_guard lock(mutex_);
        id = next_id_++;
        const auto own = addresses_.try_emplace(address).first;
        Guests& guests = own->second;
        if (!guests.empty()) fullest_.erase(rank(guests));
        guests.push_back({.id = id, .leave = std::move(leave)});
        fullest_.emplace(rank(guests), own);
        places_.emplace(id, Place{.address = own, .guest = std::prev(guests.end())});
        const std::size_t most_of_one = std::max<std::size_t>(limits_.per_address, 1);
        while (limits_.per_address != 0 && guests.size() > most_of_one) {
            leaving.push_back(push_out(own));
        }
        while (places_.size() > std::max<std::size_t>(limits_.all, 1)) {
            leaving.push_back(push_out(fullest_.rbegin()->second));
        }
    }
    for (const Leave& leaves : leaving) leaves();
    return {*this, id};
}

std::size_t LoginRoom::make_room(std::size_t count) {
    std::vector<Leave> leaving;
    {
        const std::lock_guard lock(mutex_);
        while (leaving.size() < count && !fullest_.empty()) {
            leaving.push_back(push_out(fullest_.rbegin()->second));
        }
    }
    for (const Leave& leaves : leaving) leaves();
    return leaving.size();
}

LoginRoom::Leave LoginRoom::push_out(Addresses::iterator address) {
    Guest& oldest = address->second.front();
    Leave leave = std::move(oldest.leave);
    remove(oldest.id);
    return leave;
}

void LoginRoom::leave(std::uint64_t id) {
    Leave unused;  // destroyed after the lock is gone
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(id);
    if (found == places_.end()) return;  // it was pushed out
    unused = std::move(found->second.guest->leave);
    remove(id);
}

void LoginRoom::remove(std::uint64_t id) {
    const auto found = places_.find(id);
    const auto [address, guest] = found->second;
    places_.erase(found);
    Guests& guests = address->second;
    fullest_.erase(rank(guests));
    guests.erase(guest);
    if (guests.empty()) {
        addresses_.erase(address);
    } else {
        fullest_.emplace(rank(guests), address);
    }
}

LoginRoom::Limits login_limits(const conf::Config& config) {
    constexpr std::size_t at_least = 100;
    std::size_t all = config.max_login_conn;
    if (all == 0) {
        // As many as PostgreSQL lets log in at a time, but servers must have descriptors, too.
        all = std::max(at_least, std::size_t{2} * config.max_client_conn);
        rlimit descriptors{};
        if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
            all = std::min<std::size_t>(all, std::max<rlim_t>(descriptors.rlim_cur / 2, 1));
        }
    }
    return {.all = all, .per_address = config.max_login_conn_per_address};
}

std::string login_address(const std::string& shown, int socket) {
    const std::size_t colon = shown.rfind(':');
    if (colon == std::string::npos) {
        ucred process{};
        socklen_t size = sizeof process;
        if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &process, &size) != 0) return shown;
        return "uid " + std::to_string(process.uid);
    }
    if (!shown.starts_with('[')) return shown.substr(0, colon);
    std::string address = shown.substr(1, colon - 2);
    const auto ip = conf::IpAddress::parse(address);
    if (!ip) return address;
    const std::size_t network = ip->is_v6 ? 8 : 4;
    return {reinterpret_cast<const char*>(ip->bytes.data()), network};
}

}  // namespace pgweir::daemon
