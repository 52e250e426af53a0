#include "pool/session/listening.hpp"

#include <charconv>

namespace pgweir::pool {

std::optional<MarkerOwner> owner_of_marker(std::string_view token) {
    MarkerOwner owner;
    const char* const end = token.data() + token.size();
    const auto worker = std::from_chars(token.data(), end, owner.worker);
    if (worker.ec != std::errc() || worker.ptr == end || *worker.ptr != '.') return std::nullopt;
    const auto client = std::from_chars(worker.ptr + 1, end, owner.client);
    if (client.ec != std::errc()) return std::nullopt;
    return owner;
}

std::string Listening::switch_to(NotificationSource source) {
    std::string token =
        std::to_string(worker) + '.' + std::to_string(id) + '.' + std::to_string(++tokens);
    was_switched = true;
    merge.switch_to(source, token);
    return token;
}

}  // namespace pgweir::pool
