// Prepared statements of the protocol: what they are, whoever prepared them under whatever name.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/messages.hpp"
#include "protocol/session_effects.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// The text of a statement with its parameter types, and the settings that PostgreSQL reads it by.
/// Two clients that prepare the same share one, and one name on each server. Immutable but for what
/// it remembers of itself; that is for the worker that made it.
class Statement {
  public:
    /// `types` as they stand in a Parse; `parsing` is SessionSettings::parsing().
    Statement(Bytes query, Bytes types, Bytes parsing)
        : query_(query), types_(types), parsing_(parsing) {}

    [[nodiscard]] const std::string& query() const { return query_; }
    [[nodiscard]] const std::string& types() const { return types_; }
    [[nodiscard]] const std::string& parsing() const { return parsing_; }

    /// Its name on every server: made from a cryptographic hash of all of it, so that servers keep
    /// their statements when they move to another worker, and nobody can make two texts share one.
    [[nodiscard]] const std::string& server_name() const;

    /// What running it may leave in a session, looked up once for each state of the catalogue.
    [[nodiscard]] protocol::Effects effects(
        const std::shared_ptr<const protocol::NamedEffects>& names) const;

    /// The types of a statement without text that a failed transaction refuses to bind in the same
    /// words: as many as this one has parameters. `described`: that is also described alike; only
    /// where it has no rows, and PostgreSQL need not find out a type. Nothing: there is none.
    [[nodiscard]] std::optional<std::string> types_without_text(bool described) const;

  private:
    std::string query_;
    std::string types_;
    std::string parsing_;
    mutable std::string server_name_;
    mutable protocol::Effects effects_;
    mutable std::shared_ptr<const protocol::NamedEffects> names_;
    mutable bool looked_ = false;
};

using StatementPtr = std::shared_ptr<const Statement>;

/// Stands for a statement of which nothing is known; equal to no other.
[[nodiscard]] const StatementPtr& unknown_statement();

/// How the names that pgweir gives to statements on servers begin. Clients' own never reach a
/// server with this beginning.
inline constexpr std::string_view server_name_prefix = "pgweir_";

/// The types of a Parse that tells none.
inline constexpr Bytes no_types{"\0\0", 2};

/// A name that no server has: to close it does nothing and is answered.
inline constexpr std::string_view no_statement = "pgweir_none";
/// Whatever is parsed for the sake of its error.
inline constexpr std::string_view statement_aside = "pgweir_aside";

/// Gives equal statements one object. One for each pool and worker; touch only from that worker.
/// Forgets now and then what nobody uses.
class StatementCache {
  public:
    [[nodiscard]] StatementPtr intern(Bytes query, Bytes types, Bytes parsing);

  private:
    struct Key {
        Bytes query;
        Bytes types;
        Bytes parsing;
        friend bool operator==(const Key&, const Key&) = default;
    };
    static Key key_of(const Key& key) { return key; }
    static Key key_of(const StatementPtr& s) {
        return {.query = s->query(), .types = s->types(), .parsing = s->parsing()};
    }
    struct Hash {
        using is_transparent = void;
        template <class T>
        std::size_t operator()(const T& value) const;
    };
    struct Equal {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(const A& a, const B& b) const {
            return key_of(a) == key_of(b);
        }
    };
    static constexpr std::size_t fewest = 512;

    boost::unordered_flat_set<StatementPtr, Hash, Equal> known_;
    std::size_t forget_at_ = fewest;
};

/// The statements that are prepared on one server under pgweir's names, the least recently used
/// last. What is here has been asked of the server; it may still have to answer.
class ServerStatements {
  public:
    enum class State : std::uint8_t {
        absent,
        stale,  ///< it is there, and has to be prepared anew before it can be used
        ready,
    };
    /// Whether it is there; makes it the most recently used.
    [[nodiscard]] State use(const Statement& statement);
    void mark_stale(const Statement& statement);
    void add(const StatementPtr& statement);
    void remove(const Statement& statement);
    /// Takes out the least recently used one while there are `limit` or more; null if there are
    /// less.
    [[nodiscard]] StatementPtr evict(std::size_t limit);
    void clear();
    [[nodiscard]] std::size_t size() const { return by_name_.size(); }
    template <class F>
    void for_each(F f) const {
        for (const Entry& entry : order_) f(*entry.statement);
    }

  private:
    struct Entry {
        StatementPtr statement;
        bool stale = false;
    };
    std::list<Entry> order_;  ///< most recently used first
    boost::unordered_flat_map<std::string_view, std::list<Entry>::iterator> by_name_;
};

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return boost::hash<std::string_view>{}(text);
    }
};

/// A client's own names for statements, and its unnamed one. What is here has been asked for; the
/// server may still have to answer. Most clients have no names.
class ClientStatements {
  public:
    StatementPtr unnamed;

    [[nodiscard]] StatementPtr find(Bytes name) const;
    /// Null takes the name away.
    void set(Bytes name, StatementPtr statement);
    [[nodiscard]] std::size_t size() const {
        return (named_ ? named_->statements.size() : 0) + (unnamed ? 1 : 0);
    }
    /// Calls `f(name, statement)` for each that has a name.
    template <class F>
    void for_each_named(F f) const {
        if (!named_) return;
        for (const auto& [name, statement] : named_->statements) f(name, *statement);
    }
    /// Calls `f(statement)` for each that is known, and has a name.
    template <class F>
    void for_each(F f) const {
        for_each_named([&](const std::string&, const Statement& statement) {
            if (&statement != unknown_statement().get()) f(statement);
        });
    }
    void forget_named() { named_.reset(); }

    /// Names that PREPARE has given on the server that the client keeps for them.
    void set_of_sql(std::vector<std::string> names);
    [[nodiscard]] bool is_of_sql(Bytes name) const;

  private:
    struct Named {
        boost::unordered_flat_map<std::string, StatementPtr, TextHash, std::equal_to<>> statements;
        std::vector<std::string> of_sql;
    };
    [[nodiscard]] Named& named();
    void forget_if_empty();

    std::unique_ptr<Named> named_;
};

/// What a Parse or a Close that is on its way changes when the server has answered it. The change
/// is assumed at once, as the next messages depend on it, and taken back if it fails.
struct StatementOperation {
    enum class OnServer : std::uint8_t { nothing, prepares, closes, sets_unnamed };
    OnServer on_server = OnServer::nothing;
    StatementPtr statement;  ///< that is prepared or closed on the server
    bool of_client = false;  ///< changes what the client has under `name`
    std::string name;
    StatementPtr before;             ///< what the client had under it
    StatementPtr unnamed_on_server;  ///< the server's unnamed statement before this
    unsigned segment = 0;            ///< which Sync it stands before, counted
    /// A Close that stands for a Parse of what the server has already: answered as one.
    bool stands_for_parse = false;
    bool materialises = false;  ///< puts the client's statement there under its own `name`
};

}  // namespace pgweir::pool
