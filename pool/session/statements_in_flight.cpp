#include "pool/session/statements_in_flight.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace pgweir::pool {

namespace {

using OnServer = StatementOperation::OnServer;

// What pgweir puts in the place of the unnamed statement settles it as well.
bool concerns_name(const StatementOperation& operation) {
    return operation.of_client || operation.on_server == OnServer::sets_unnamed;
}

bool concerns_text(const StatementOperation& operation) {
    return operation.on_server == OnServer::prepares || operation.on_server == OnServer::closes;
}

}  // namespace

template <class Change>
void StatementsInFlight::for_each_key(const StatementOperation& operation, Change change) {
    if (concerns_name(operation)) change(by_name_, Bytes(operation.name));
    if (concerns_text(operation)) change(by_text_, Bytes(operation.there.statement->query()));
    if (operation.on_server == OnServer::closes)
        change(closing_, Bytes(operation.there.statement->server_name()));
}

void StatementsInFlight::index(const StatementOperation& operation, std::uint64_t number) {
    for_each_key(operation, [&](Index& index, Bytes key) {
        const auto found = index.find(key);
        Places& places = found != index.end() ? found->second : index[std::string(key)];
        places.push_back({.segment = operation.segment, .number = number});
    });
}

void StatementsInFlight::add(StatementOperation&& operation) {
    operation.segment = segment_;
    if (operation.on_server == OnServer::sets_unnamed) ++setting_unnamed_;
    operations_.push_back(std::move(operation));
    ++added_;
    if (indexed_) {
        index(operations_.back(), added_ - 1);
    } else if (size() > few) {
        indexed_ = true;
        for (std::size_t i = first_; i < operations_.size(); ++i)
            index(operations_[i], oldest_number() + i - first_);
    }
}

// Out of the index, not out of the queue.
void StatementsInFlight::forget_oldest() {
    const StatementOperation& oldest = operations_[first_];
    if (indexed_) {
        for_each_key(oldest, [](Index& index, Bytes key) {
            const auto found = index.find(key);
            found->second.pop_front();
            if (found->second.empty()) index.erase(found);
        });
    }
    if (oldest.on_server == OnServer::sets_unnamed) --setting_unnamed_;
}

void StatementsInFlight::drop_oldest() {
    forget_oldest();
    if (size() > 1) operations_[first_] = {};
    ++first_;
    make_room();
}

void StatementsInFlight::make_room() {
    constexpr std::size_t many = 1024;
    if (empty() || first_ == operations_.size()) {
        operations_.clear();
        first_ = 0;
        indexed_ = false;
        // One client's huge pipeline must not stay with the server for good.
        if (operations_.capacity() > many) operations_.shrink_to_fit();
    } else if (first_ >= many && first_ * 2 >= operations_.size()) {
        operations_.erase(operations_.begin(),
                          operations_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
}

std::vector<StatementOperation> StatementsInFlight::take(std::size_t count) {
    std::vector<StatementOperation> taken;
    taken.reserve(count);
    while (count-- > 0) {
        StatementOperation& oldest = operations_[first_];
        forget_oldest();
        if (oldest_number() < ends_unnamed_) {
            oldest.unnamed_on_server = {};
            if (oldest.name.empty()) oldest.before = {};
        }
        taken.push_back(std::move(oldest));
        ++first_;
        make_room();
    }
    return taken;
}

bool StatementsInFlight::is_doubtful(Bytes name, bool anew) const {
    if (indexed_) {
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) return false;
        return (anew ? found->second.front() : found->second.back()).segment != segment_;
    }
    bool doubtful = false;
    for (const StatementOperation& operation : std::span(operations_).subspan(first_)) {
        if (!concerns_name(operation) || operation.name != name) continue;
        doubtful = (anew && doubtful) || operation.segment != segment_;
    }
    return doubtful;
}

bool StatementsInFlight::is_doubtful_text(Bytes query) const {
    if (indexed_) {
        const auto found = by_text_.find(query);
        return found != by_text_.end() && found->second.front().segment != segment_;
    }
    return std::ranges::any_of(
        std::span(operations_).subspan(first_), [&](const StatementOperation& operation) {
            return operation.segment != segment_ && concerns_text(operation) &&
                   operation.there.statement->query() == query;
        });
}

bool StatementsInFlight::closes(Bytes server_name) const {
    if (indexed_) return closing_.contains(server_name);
    return std::ranges::any_of(std::span(operations_).subspan(first_),
                               [&](const StatementOperation& operation) {
                                   return operation.on_server == OnServer::closes &&
                                          operation.there.statement->server_name() == server_name;
                               });
}

// Requests behind a Sync are bounded (Server::has_had_its_turn), and so is what is looked through.
StatementOperation* StatementsInFlight::oldest_setting_unnamed() {
    if (setting_unnamed_ == 0) return nullptr;
    const auto found = std::ranges::find(std::span(operations_).subspan(first_),
                                         OnServer::sets_unnamed, &StatementOperation::on_server);
    return &*found;
}

StatementOperation* StatementsInFlight::oldest_close_of(Bytes server_name) {
    const auto is_it = [&](const StatementOperation& operation) {
        return operation.on_server == OnServer::closes &&
               operation.there.statement->server_name() == server_name;
    };
    if (indexed_) {
        const auto found = closing_.find(server_name);
        if (found == closing_.end()) return nullptr;
        return &operations_[first_ + found->second.front().number - oldest_number()];
    }
    const auto found = std::ranges::find_if(std::span(operations_).subspan(first_), is_it);
    return found != std::span(operations_).end() ? &*found : nullptr;
}

StatementOperation* StatementsInFlight::oldest_of(Bytes name) {
    const auto is_it = [&](const StatementOperation& other) {
        return other.of_client && other.name == name;
    };
    if (indexed_) {
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) return nullptr;
        for (const Place& place : found->second) {
            StatementOperation& operation = operations_[first_ + place.number - oldest_number()];
            if (is_it(operation)) return &operation;
        }
        return nullptr;
    }
    const auto found = std::ranges::find_if(std::span(operations_).subspan(first_), is_it);
    return found != std::span(operations_).end() ? &*found : nullptr;
}

}  // namespace pgweir::pool
