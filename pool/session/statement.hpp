// Prepared statements of the protocol: what they are, whoever prepared them under whatever name.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// Custom settings that a text names.
struct SettingNames {
    std::vector<std::string> names;
    bool all_seen = true;  ///< it sets none under another name
};

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
    /// StatementCache::make_private() has made it.
    [[nodiscard]] bool is_private() const { return parsing_.starts_with(private_mark); }

    /// Its name on every server: made from a cryptographic hash of all of it, so that servers keep
    /// their statements when they move to another worker, and nobody can make two texts share one.
    [[nodiscard]] const std::string& server_name() const;

    /// What running it may leave in a session, looked up once for each state of the catalogue.
    [[nodiscard]] protocol::Effects effects(
        const std::shared_ptr<const protocol::NamedEffects>& names) const;

    /// Parameter types for a stand-in: a statement without text, with as many parameters as this
    /// one. In a failed transaction PostgreSQL rejects a Bind of the stand-in with the same error
    /// as of the real statement. `described`: it must be described alike, too; only a statement
    /// without rows of whose parameters PostgreSQL need not find out a type has such a stand-in.
    /// Nothing: there is none.
    [[nodiscard]] std::optional<std::string> types_without_text(bool described) const;

    static constexpr std::string_view private_mark = "private ";

    /// What `find` finds in the text; asked for once.
    [[nodiscard]] const SettingNames& setting_names(SettingNames (*find)(Bytes)) const {
        if (!setting_names_) setting_names_ = std::make_unique<const SettingNames>(find(query_));
        return *setting_names_;
    }

  private:
    std::string query_;
    std::string types_;
    std::string parsing_;
    mutable std::string server_name_;
    mutable protocol::Effects effects_;
    mutable std::shared_ptr<const protocol::NamedEffects> names_;
    mutable bool looked_ = false;
    mutable std::unique_ptr<const SettingNames> setting_names_;
};

using StatementPtr = std::shared_ptr<const Statement>;

/// Stands for a statement of which nothing is known; equal to no other.
[[nodiscard]] const StatementPtr& unknown_statement();

/// What a server says that a prepared statement takes and gives. Immutable.
struct Description {
    /// The body of ParameterDescription; nothing where only a portal was described.
    std::optional<std::string> parameters;
    /// shape_of_row(), empty for NoData; nothing where it was too long to be kept.
    std::optional<std::string> row;

    /// Whether a client that was told `told` is right about what has this description.
    [[nodiscard]] bool has_parameters_of(const Description& told) const {
        return !told.parameters || !parameters || *told.parameters == *parameters;
    }
    [[nodiscard]] bool has_row_of(const Description& told) const {
        return !told.row || !row || *told.row == *row;
    }
};
using DescriptionPtr = std::shared_ptr<const Description>;

/// The body of a RowDescription with nothing in it but what PostgreSQL compares ("cached plan must
/// not change result type"): names, types, sizes and modifiers. A portal has the formats of its
/// Bind, and a table that was made anew has another OID.
[[nodiscard]] std::string shape_of_row(Bytes body);

/// Each time that a server is told to read a statement's text counts: what a text means depends on
/// what there is when it is read. Thread-safe; counts over all servers.
[[nodiscard]] std::uint64_t next_reading();

/// How the names that pgweir gives to statements on servers begin. Clients' own never reach a
/// server with this beginning.
inline constexpr std::string_view server_name_prefix = "pgweir_";

/// The types of a Parse that tells none.
inline constexpr Bytes no_types{"\0\0", 2};

/// A name that no server has: to close it does nothing and is answered.
inline constexpr std::string_view no_statement = "pgweir_none";
/// The name for a Parse that may fail, and must not cost the server the statement that it has.
inline constexpr std::string_view statement_aside = "pgweir_aside";

/// Gives equal statements one object. One for each pool and worker; touch only from that worker.
/// Forgets now and then what nobody uses.
class StatementCache {
  public:
    [[nodiscard]] StatementPtr intern(Bytes query, Bytes types, Bytes parsing);
    /// One that is like no other, for a client whose text must not be read for anybody else.
    [[nodiscard]] StatementPtr make_private(Bytes query, Bytes types);

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

/// A statement that a server has, or is about to have.
struct ServerStatement {
    StatementPtr statement;
    std::uint64_t reading = 0;   ///< when its text was read there
    DescriptionPtr description;  ///< of that reading; null: nobody has asked
    bool stale = false;          ///< it has to be prepared anew before it can be used
};

/// ClientStatement::as_of while the server has not said that it has read the text.
inline constexpr std::uint64_t not_answered = std::numeric_limits<std::uint64_t>::max();

/// A statement that a client has prepared.
struct ClientStatement {
    StatementPtr statement;     ///< null: none
    std::uint64_t reading = 0;  ///< of its Parse
    /// What was read later than this was read after its Parse had been answered.
    std::uint64_t as_of = 0;
    DescriptionPtr told;  ///< what the client was told of it; null: nothing
    /// The server's reading that agrees with that.
    std::uint64_t told_of = 0;

    explicit operator bool() const { return statement != nullptr; }
    /// The parameter types that its text is read with, as they stand in a Parse; only where there
    /// is one. A statement that is read again keeps those that its client was told; PostgreSQL
    /// keeps them as well.
    [[nodiscard]] Bytes types() const {
        const bool is_told = told && told->parameters;
        return is_told ? Bytes(*told->parameters) : Bytes(statement->types());
    }
};

/// Whether the server's statement serves this client: it has the client's own reading, or one from
/// after the client's Parse, so that it means what a Parse would have meant to the client, or
/// something more recent; and it takes the parameters that the client was told. `there` may be
/// null: the server has none.
[[nodiscard]] bool serves(const ServerStatement* there, const ClientStatement& own);

/// The statements that are prepared on one server under pgweir's names, the least recently used
/// last. What is here has been asked of the server; it may still have to answer.
class ServerStatements {
  public:
    /// Null if it is not there; makes it the most recently used. Valid until the next change.
    [[nodiscard]] ServerStatement* use(const Statement& statement);
    void add(ServerStatement statement);
    void remove(const Statement& statement);
    /// Whatever is there has to be prepared anew: some of it may be gone.
    void mark_all_stale();
    /// Takes out the least recently used one while there are `limit` or more; null if there are
    /// less.
    [[nodiscard]] std::optional<ServerStatement> evict(std::size_t limit);
    void clear();
    [[nodiscard]] std::size_t size() const { return by_name_.size(); }
    template <class F>
    void for_each(F f) const {
        for (const ServerStatement& entry : order_) f(*entry.statement);
    }

  private:
    std::list<ServerStatement> order_;  ///< most recently used first
    boost::unordered_flat_map<std::string_view, std::list<ServerStatement>::iterator> by_name_;
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
    ClientStatement unnamed;

    /// Null if there is none. Valid until the next change.
    [[nodiscard]] ClientStatement* find(Bytes name);
    [[nodiscard]] const ClientStatement* find(Bytes name) const;
    /// One without a statement takes the name away.
    void set(Bytes name, ClientStatement statement);
    [[nodiscard]] std::size_t size() const {
        return (named_ ? named_->statements.size() : 0) + (unnamed ? 1 : 0);
    }
    [[nodiscard]] bool has_named() const { return named_ && !named_->statements.empty(); }
    /// Calls `f(statement)` for each that is known, and has a name.
    template <class F>
    void for_each(F f) const {
        if (!named_) return;
        for (const auto& [name, own] : named_->statements) {
            if (own.statement != unknown_statement()) f(*own.statement);
        }
    }
    [[nodiscard]] std::vector<std::string> names() const;
    /// No name is longer than this.
    [[nodiscard]] std::size_t longest_name() const { return named_ ? named_->longest : 0; }
    void forget_named() { named_.reset(); }

  private:
    struct Named {
        boost::unordered_flat_map<std::string, ClientStatement, TextHash, std::equal_to<>>
            statements;
        std::size_t longest = 0;  ///< name that there was
    };
    [[nodiscard]] Named& named();
    void forget_if_empty();

    std::unique_ptr<Named> named_;
};

/// What a Parse, a Close or a Describe that is on its way changes when the server has answered it.
/// The change is assumed at once, as the next messages depend on it, and taken back if it fails.
struct StatementOperation {
    enum class OnServer : std::uint8_t { nothing, prepares, closes, sets_unnamed };
    OnServer on_server = OnServer::nothing;
    /// What is prepared or closed on the server. A Close of reading 0 closes what the server does
    /// not have, or may not: there is nothing to take back.
    ServerStatement there;
    bool of_client = false;             ///< changes what the client has under `name`
    std::string name;                   ///< the client's
    ClientStatement own;                ///< what the client has under it from now on
    ClientStatement before;             ///< what it had
    ServerStatement unnamed_on_server;  ///< the server's unnamed statement before this
    unsigned segment = 0;               ///< which Sync it stands before, counted
    bool materialises = false;          ///< puts the client's statement there under its own `name`
    /// A Describe: what the answer is about; `there` is, on the server.
    enum class Describes : std::uint8_t { nothing, statement, portal };
    Describes describes = Describes::nothing;
    bool tells = false;  ///< and the client has asked: it is told
    /// A Parse under a name aside: what the server has of the text is older than this.
    bool aside = false;
};

}  // namespace pgweir::pool
