#include "pool/session/clients_errors.hpp"

#include <cstdint>

#include "protocol/wire/message_writer.hpp"

namespace pgweir::pool {

namespace {

// A message with other bytes in one place.
std::string replaced(Bytes message, std::size_t at, std::size_t size, Bytes by) {
    std::string changed(message);
    changed.replace(at, size, by);
    protocol::write_uint32(changed, 1, static_cast<std::uint32_t>(changed.size() - 1));
    return changed;
}

}  // namespace

void ClientsErrors::note_name(const StatementPtr& statement, Bytes clients_name) {
    constexpr std::size_t many = 64;
    while (names_.size() >= many && names_.front().request < tracker_.answered())
        names_.pop_front();
    names_.push_back({.statement = statement,
                      .name = std::string(clients_name),
                      .request = tracker_.sent_in_all()});
}

std::optional<std::string> ClientsErrors::substitute_for(std::size_t failed_request) {
    while (!substitutes_.empty() && substitutes_.front().first < failed_request)
        substitutes_.pop_front();
    if (substitutes_.empty() || substitutes_.front().first != failed_request) return std::nullopt;
    return std::move(substitutes_.front().second);
}

std::string ClientsErrors::preceding(std::size_t failed_request) {
    const auto is_past = [&](const Preceding& entry) { return entry.end <= failed_request; };
    std::erase_if(preceding_, is_past);
    if (preceding_.empty() || preceding_.front().begin > failed_request) return {};
    return std::move(preceding_.front().message);
}

// Of several statements that the error may name, that of the request which failed, or for which
// what failed was put in front.
std::optional<std::string> ClientsErrors::with_clients_name(Bytes error,
                                                            std::size_t failed_request) {
    while (names_.size() > 1 && names_[1].request <= failed_request) names_.pop_front();
    const Named* named = nullptr;
    // What was put in front of a request is no more than this far from it.
    constexpr std::size_t furthest = 8;
    for (const Named& candidate : names_) {
        if (candidate.request > failed_request + furthest) break;
        if (error.find(candidate.statement->server_name()) == Bytes::npos) continue;
        named = &candidate;
        if (candidate.request >= failed_request) break;
    }
    if (named == nullptr) return std::nullopt;
    const std::string& server_name = named->statement->server_name();
    return replaced(error, error.find(server_name), server_name.size(), named->name);
}

std::string with_text(Bytes error, Bytes was, Bytes now) {
    const std::string field = std::string(1, '\0') + 'M' + std::string(was) + '\0';
    const std::size_t found = error.find(field);
    if (found == Bytes::npos) return std::string(error);
    return replaced(error, found + 2, was.size(), now);
}

}  // namespace pgweir::pool
