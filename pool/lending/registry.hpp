// All pools.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pool/lending/database_switches.hpp"
#include "pool/lending/pool.hpp"

namespace pgweir::pool {

/// Finds or makes the pool for a database and a user, and knows which pools share a limit.
/// Thread-safe; asked once a login, and by pools that have run out of places.
class Registry {
  public:
    Registry(std::vector<WorkerContext*> workers, Observer& observer)
        : workers_(std::move(workers)), observer_(observer) {}

    /// The pool for clients that ask for `database` as `user`. `entry` is the configuration's entry
    /// for that database. A pool that was asked for with Place::dedicated only keeps no minimum.
    [[nodiscard]] std::shared_ptr<Pool> find_or_make(const conf::Config& config,
                                                     const conf::Database& entry,
                                                     const std::string& database,
                                                     const std::string& user,
                                                     Place place = Place::shared);

    [[nodiscard]] std::vector<std::shared_ptr<Pool>> all() const;
    /// Makes the pools that are to hold connections before any client comes: databases with a fixed
    /// user and a min_pool_size.
    void make_minimum_pools(const conf::Config& config);
    /// Applies a new configuration to every pool. Pools of databases that are gone keep what they
    /// have until their clients leave.
    void reconfigure(const conf::Config& config);
    /// What is paused and disabled.
    [[nodiscard]] const DatabaseSwitches& switches() const { return switches_; }
    /// Of one database, or of all where none is named.
    void pause(const std::string* database, bool paused);
    /// Pauses all, and SHOW STATE tells that nobody waits for what is under way.
    void suspend();
    void disable(const std::string& database, bool disabled) {
        switches_.disable(database, disabled);
    }
    /// Pools of this database, or all of them where none is named.
    [[nodiscard]] std::vector<std::shared_ptr<Pool>> pools_of(const std::string* database) const;
    /// Housekeeping, to be called about once a second from one thread: idle and old connections,
    /// minimum sizes, pools that nobody uses any more.
    void sweep(Clock::time_point now);

    /// Closes every connection of every pool. The pools are of no use afterwards.
    void shut_down() const;

    /// Asks another pool under the same limit to close an idle connection.
    void make_room(const Pool& wanting) const;
    /// A place under a limit has become free.
    void room_made(const Pool& giving) const;
    /// This statement needs a database that nobody else is in. PostgreSQL waits five seconds for
    /// it ("DROP DATABASE"), in which the servers go, as soon as they are idle, of each pool whose
    /// database's name is in the statement.
    void retire_idle_servers(Bytes sql) const;
    /// A client's statement has changed what logins bring: of all pools that it names the servers
    /// are replaced as soon as they are free.
    void logins_changed(const protocol::LoginChange& change) const;
    /// A client of this pool has changed the catalogue: nothing is known of it, to this pool and to
    /// all others of the same database, until it is read anew.
    void forget_catalogue(const Pool& pool, CatalogueChange how) const;
    /// A client of this pool is about to define something by this statement: what a function sets
    /// that it defines has to be known where it is called before the catalogue is read.
    void definition_sent(const Pool& pool, Bytes sql) const;

  private:
    using Key = std::pair<std::string, std::string>;
    struct Entry {
        std::shared_ptr<Pool> pool;
        Clock::time_point last_used;
    };
    std::shared_ptr<Budget> budget_for(std::map<std::string, std::shared_ptr<Budget>>& budgets,
                                       const std::string& name, unsigned limit);

    void forget_unused_budgets();
    /// Acts on all pools of the same database as this one's, and on this one.
    void for_each_of_database(const Pool& pool, const std::function<void(Pool&)>& act) const;
    [[nodiscard]] PoolSetup setup_for(const conf::Config& config, const conf::Database& entry,
                                      const std::string& database, const std::string& user) const;

    std::vector<WorkerContext*> workers_;
    Observer& observer_;
    DatabaseSwitches switches_;
    mutable std::mutex mutex_;  ///< guards what follows
    std::map<Key, Entry> pools_;
    std::map<std::string, std::shared_ptr<Budget>> database_budgets_;
    std::map<std::string, std::shared_ptr<Budget>> user_budgets_;
};

/// The libpq keywords for connections of this pool: the entry's, with the database and the user
/// that the client named where the entry names none.
[[nodiscard]] std::vector<conf::ConnectionKeyword> connection_keywords(const conf::Database& entry,
                                                                       const std::string& database,
                                                                       const std::string& user);

}  // namespace pgweir::pool
