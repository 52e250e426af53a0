#include "pool/session/statement.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/container_hash/hash.hpp>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>

#include "protocol/sql/statement_shape.hpp"
#include "protocol/wire/message_writer.hpp"

namespace pgweir::pool {

namespace {

constexpr std::size_t digest_bytes = 20;  // 160 bits; a name may have 63 characters

std::string digest_of(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("OpenSSL cannot compute SHA-256");
    }
    std::string hex;
    for (std::size_t i = 0; i < digest_bytes; ++i) {
        constexpr std::string_view digits = "0123456789abcdef";
        hex += digits[digest[i] >> 4U];
        hex += digits[digest[i] & 0xfU];
    }
    return hex;
}

// Whether there is one among the types of a Parse that PostgreSQL has to find out.
bool leaves_to_find_out(Bytes types) {
    constexpr std::uint32_t unknown = 705;
    for (; !types.empty(); types.remove_prefix(sizeof unknown)) {
        const std::uint32_t type = protocol::read_uint32(types);
        if (type == 0 || type == unknown) return true;
    }
    return false;
}

}  // namespace

const std::string& Statement::server_name() const {
    if (server_name_.empty()) {
        std::string all;
        all.reserve(query_.size() + types_.size() + parsing_.size() + 2 * sizeof(std::uint32_t));
        // The lengths keep the parts from running into each other.
        protocol::append_uint32(all, static_cast<std::uint32_t>(query_.size()));
        all += query_;
        protocol::append_uint32(all, static_cast<std::uint32_t>(types_.size()));
        all += types_;
        all += parsing_;
        server_name_ = std::string(server_name_prefix) + digest_of(all);
    }
    return server_name_;
}

protocol::Effects Statement::effects(
    const std::shared_ptr<const protocol::NamedEffects>& names) const {
    if (!looked_ || names_ != names) {
        effects_ = protocol::look_at(query_, names.get());
        names_ = names;
        looked_ = true;
    }
    return effects_;
}

std::optional<std::string> Statement::types_without_text(bool described) const {
    constexpr std::size_t most = std::numeric_limits<std::uint16_t>::max();
    const std::size_t head = sizeof(std::uint16_t);
    if (types_.size() < head || (types_.size() - head) % sizeof(std::uint32_t) != 0)
        return std::nullopt;  // nonsense, which the server has refused or will
    const Bytes given = Bytes(types_).substr(sizeof(std::uint16_t));
    const std::size_t told = given.size() / sizeof(std::uint32_t);
    const std::size_t count = std::max(told, protocol::parameter_count(query_));
    if (count > most) return std::nullopt;
    const bool alike =
        told == count && !leaves_to_find_out(given) && protocol::returns_no_rows(query_);
    if (described && !alike) return std::nullopt;
    std::string types{static_cast<char>(count >> 8U), static_cast<char>(count)};
    types += given;
    return types.append((count - told) * sizeof(std::uint32_t), '\0');
}

// Of each column: its name, then its table and number there (6 bytes), its type, size and modifier
// (10), its format (2); manual, "Message Formats".
std::string shape_of_row(Bytes body) {
    constexpr std::size_t origin = 6;
    constexpr std::size_t type = 10;
    constexpr std::size_t format = 2;
    std::string row(body);
    std::size_t at = sizeof(std::uint16_t);
    while (at < row.size()) {
        at = row.find('\0', at);
        if (at == std::string::npos || row.size() - ++at < origin + type + format) break;
        row.replace(at, origin, origin, '\0');
        at += origin + type;
        row.replace(at, format, format, '\0');
        at += format;
    }
    return row;
}

std::uint64_t next_reading() {
    static std::atomic<std::uint64_t> readings{0};
    return ++readings;
}

const StatementPtr& unknown_statement() {
    static const StatementPtr unknown = std::make_shared<const Statement>("", "", "");
    return unknown;
}

template <class T>
std::size_t StatementCache::Hash::operator()(const T& value) const {
    const Key key = key_of(value);
    std::size_t hash = boost::hash<Bytes>{}(key.query);
    boost::hash_combine(hash, key.types);
    boost::hash_combine(hash, key.parsing);
    return hash;
}

StatementPtr StatementCache::intern(Bytes query, Bytes types, Bytes parsing) {
    const auto found = known_.find(Key{.query = query, .types = types, .parsing = parsing});
    if (found != known_.end()) return *found;
    if (known_.size() >= forget_at_) {
        boost::unordered::erase_if(known_, [](const auto& s) { return s.use_count() == 1; });
        forget_at_ = std::max(fewest, known_.size() * 2);
    }
    return *known_.insert(std::make_shared<const Statement>(query, types, parsing)).first;
}

StatementPtr StatementCache::make_private(Bytes query, Bytes types) {
    return intern(query, types,
                  std::string(Statement::private_mark) + std::to_string(next_reading()));
}

bool serves(const ServerStatement* there, const ClientStatement& own) {
    const bool recent = there != nullptr && !there->stale &&
                        (there->reading == own.reading || there->reading >= own.as_of);
    return recent &&
           (!own.told || !there->description || there->description->has_parameters_of(*own.told));
}

ServerStatement* ServerStatements::use(const Statement& statement) {
    const auto found = by_name_.find(statement.server_name());
    if (found == by_name_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &*found->second;
}

void ServerStatements::add(ServerStatement statement) {
    if (ServerStatement* present = use(*statement.statement)) {
        // Its own object is what the name in the index is a part of.
        statement.statement = present->statement;
        *present = std::move(statement);
        return;
    }
    order_.push_front(std::move(statement));
    by_name_.emplace(order_.front().statement->server_name(), order_.begin());
}

void ServerStatements::mark_all_stale() {
    for (ServerStatement& entry : order_) entry.stale = true;
}

void ServerStatements::remove(const Statement& statement) {
    const auto found = by_name_.find(statement.server_name());
    if (found == by_name_.end()) return;
    const auto place = found->second;
    by_name_.erase(found);
    order_.erase(place);
}

std::optional<ServerStatement> ServerStatements::evict(std::size_t limit) {
    if (order_.empty() || order_.size() < limit) return std::nullopt;
    ServerStatement oldest = order_.back();
    remove(*oldest.statement);
    return oldest;
}

void ServerStatements::clear() {
    by_name_.clear();
    order_.clear();
}

const ClientStatement* ClientStatements::find(Bytes name) const {
    if (name.empty()) return unnamed ? &unnamed : nullptr;
    if (!named_) return nullptr;
    const auto found = named_->statements.find(name);
    return found == named_->statements.end() ? nullptr : &found->second;
}

ClientStatement* ClientStatements::find(Bytes name) {
    return const_cast<ClientStatement*>(  // NOLINT(cppcoreguidelines-pro-type-const-cast)
        std::as_const(*this).find(name));
}

void ClientStatements::set(Bytes name, ClientStatement statement) {
    if (name.empty()) {
        unnamed = std::move(statement);
    } else if (statement) {
        named().longest = std::max(named().longest, name.size());
        named_->statements.insert_or_assign(std::string(name), std::move(statement));
    } else if (named_) {
        const auto found = named_->statements.find(name);
        if (found != named_->statements.end()) named_->statements.erase(found);
        forget_if_empty();
    }
}

std::vector<std::string> ClientStatements::names() const {
    std::vector<std::string> names;
    if (!named_) return names;
    for (const auto& [name, own] : named_->statements) names.push_back(name);
    return names;
}

ClientStatements::Named& ClientStatements::named() {
    if (!named_) named_ = std::make_unique<Named>();
    return *named_;
}

void ClientStatements::forget_if_empty() {
    if (named_->statements.empty()) named_.reset();
}

}  // namespace pgweir::pool
