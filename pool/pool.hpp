// A pool: the server connections for one database and user, over all workers.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "pool/budget.hpp"
#include "pool/catalogue_upkeep.hpp"
#include "pool/credential_choice.hpp"
#include "pool/greetings.hpp"
#include "pool/notification_hub.hpp"
#include "pool/observer.hpp"
#include "pool/outage_log.hpp"
#include "pool/pool_part.hpp"
#include "pool/sequence_readers.hpp"
#include "pool/session/catalogue.hpp"
#include "pool/throttle.hpp"
#include "pool/waiting_board.hpp"
#include "pool/worker_context.hpp"
#include "protocol/error_report.hpp"
#include "protocol/login_change.hpp"

namespace pgweir::pool {

class Registry;

/// How a pool connects and what governs it. Immutable; a new configuration makes a new one.
struct PoolSetup {
    std::vector<conf::ConnectionKeyword> connection;
    conf::PoolOptions options;
    unsigned generation = 0;  ///< counts up when `connection` changes, and by RECONNECT
    bool paused = false;      ///< no server is lent, and no connection is made
};

/// What the workers share of one pool: its budget, who waits where, what is known of an outage.
/// Each worker's own part is a PoolPart. Thread-safe unless said otherwise.
class Pool : public std::enable_shared_from_this<Pool> {
  public:
    Pool(Registry& registry, std::string database, std::string user, PoolSetup setup,
         std::shared_ptr<Budget> database_budget, std::shared_ptr<Budget> user_budget,
         const std::vector<WorkerContext*>& workers, Observer& observer);

    [[nodiscard]] const std::string& database() const { return database_; }
    [[nodiscard]] const std::string& user() const { return user_; }
    [[nodiscard]] Observer& observer() const { return observer_; }
    [[nodiscard]] const Budget& budget() const { return budget_; }
    /// The part of this worker; to be touched on that worker only.
    [[nodiscard]] PoolPart& part(unsigned worker) { return *parts_[worker]; }
    [[nodiscard]] std::size_t workers() const { return parts_.size(); }
    [[nodiscard]] Greetings& greetings() { return greetings_; }
    /// For the scraper.
    [[nodiscard]] const PoolStatistics& statistics(unsigned worker) const;

    /// A new configuration: limits at once, connections as they come back.
    void reconfigure(PoolSetup wanted);
    [[nodiscard]] std::shared_ptr<const PoolSetup> setup() const;
    /// Servers that are free are closed, others when they are; clients wait until it goes on.
    void set_paused(bool paused);
    /// Replaces every connection when it is next free.
    void reconnect();
    /// Closes every server, whatever it does.
    void close_servers();
    /// Makes a worker open connections up to min_pool_size. Call now and then.
    void ensure_minimum();
    /// Closes idle connections that are too old or too long idle, on all workers.
    void sweep();
    void shut_down();
    /// With what new connections may log in, where their keywords have no password. A server that
    /// has refused all former ones is asked again at once if there is a new one.
    void offer_credentials(const std::vector<CredentialsPtr>& offered);
    [[nodiscard]] CredentialChoice& credentials() { return credentials_; }
    /// Clients that are logged in to this pool; it is forgotten when there are none for a while.
    std::atomic<unsigned> clients{0};

    // Places for connections.
    [[nodiscard]] bool try_take_place(Place place = Place::shared);
    void give_back_place(Place place);
    /// A place has become free for this pool: workers with waiting clients may connect.
    void place_available();

    /// Who waits and who has idle connections; each part tells for itself.
    [[nodiscard]] WaitingBoard& board() { return board_; }
    [[nodiscard]] const WaitingBoard& board() const { return board_; }
    /// Asks another worker that has an idle connection to send it to `worker`. False when none has.
    [[nodiscard]] bool ask_for_idle(unsigned worker);
    /// Asks other pools to give up an idle connection where a limit shared with them leaves no
    /// place; for a dedicated one also this pool, whose idle ones are of no use for it.
    void ask_for_room(Place place = Place::shared);
    /// Has workers take back servers that clients keep only for settings whose names were not seen.
    void ask_for_kept_servers();
    /// Has a worker look again for what its waiting clients need.
    void wake(unsigned worker);
    /// Gives up one idle connection, on whichever worker has one, to make room for another pool.
    /// False when there is none.
    bool give_up_idle();
    [[nodiscard]] bool shares_limit_with(const Pool& other) const;

    /// Brings a connection to another worker.
    void move_to(unsigned worker, ServerConnection connection);

    // Listening.
    /// What listens for all clients; made when it is first asked for.
    [[nodiscard]] NotificationHub& hub();
    /// The channel of the markers by which clients come under the hub's care; nobody can guess it.
    [[nodiscard]] const std::string& marker_channel() const { return marker_channel_; }
    /// Brings what the hub has heard to a worker.
    void tell_listeners(unsigned worker, HubEvents events);

    // What the database's own functions may do to a session.
    [[nodiscard]] CatalogueUpkeep& catalogue_upkeep() { return catalogue_upkeep_; }
    /// The answer; null where the server gave none.
    void catalogue_learned(const CataloguePtr& catalogue, const CatalogueUpkeep::Reading& reading);
    /// A client has changed it: nothing is known, to this pool and to all others of the same
    /// database, until it is asked for anew.
    void catalogue_changed(CatalogueChange how) const;
    /// A client is about to change it by this statement: what a function sets that it defines has
    /// to be known where it is called before the catalogue is read.
    void catalogue_changes(Bytes sql) const;
    /// It may have changed.
    void forget_catalogue(CatalogueChange how);
    void note_custom_settings(const std::vector<std::string>& names);
    /// Whether both may have the same database behind them, by its name: a server has many.
    [[nodiscard]] bool shares_database_with(const Pool& other) const;
    /// This statement needs a database that nobody else is in. PostgreSQL waits five seconds for it
    /// ("DROP DATABASE"), in which the servers go, as soon as they are idle, of all pools whose
    /// database it may name.
    void make_way(Bytes sql) const;
    /// Has its own servers go, but not more often than every few seconds: at once, or within the
    /// time that PostgreSQL waits.
    void make_way();

    /// Who reads what it got from a sequence (currval, lastval).
    [[nodiscard]] SequenceReaders& sequence_readers() { return sequence_readers_; }

    // What sessions begin with.
    /// A client's statement has changed what logins bring: its servers, and those of all other
    /// pools that it names, are replaced when they are next free, and what they said is forgotten.
    void logins_changed(const protocol::LoginChange& change) const;
    /// The same of this pool alone, as far as its servers are still of this generation.
    void logins_changed(unsigned generation);
    /// Whether it names this pool's user or database.
    [[nodiscard]] bool is_meant(const protocol::LoginChange& change) const;
    /// True for one caller each `interval`, who then has a server asked.
    [[nodiscard]] bool claim_check(Clock::time_point now, milliseconds interval);
    /// Whether a client may be greeted from memory: a server would have said otherwise by now,
    /// there is none to be had, or another client is about to find out. `has_idle`: the client's
    /// worker has one that can be asked.
    [[nodiscard]] bool greetings_hold(Clock::time_point now, bool has_idle);

    // An unreachable database.
    [[nodiscard]] OutageLog& outages() { return outages_; }
    [[nodiscard]] const OutageLog& outages() const { return outages_; }
    /// Tells every part that the latest attempt failed, so that all who wait hear of it.
    void announce_outage();

    /// Clients that share servers use this pool: from now on it keeps min_pool_size.
    void share() { shared_ = true; }

  private:
    template <typename Change>
    void change_setup(Change change);
    template <typename Action>
    void on_worker(unsigned worker, Action action);
    template <typename Action>
    void on_all_workers(const Action& action);
    [[nodiscard]] NotificationHub* made_hub() const;

    Registry& registry_;
    const std::string database_;
    const std::string user_;
    Observer& observer_;
    Budget budget_;
    std::shared_ptr<Budget> database_budget_;
    std::shared_ptr<Budget> user_budget_;
    std::vector<WorkerContext*> contexts_;
    const std::string marker_channel_;
    WaitingBoard board_;

    mutable std::mutex mutex_;  ///< guards what follows; never held on the way of a query
    std::shared_ptr<const PoolSetup> setup_;
    Clock::time_point checked_at_;
    SequenceReaders sequence_readers_;
    std::atomic<bool> shared_{false};
    OutageLog outages_;
    Greetings greetings_;
    CredentialChoice credentials_;
    CatalogueUpkeep catalogue_upkeep_;
    Throttle ways_made_{std::chrono::seconds(3)};  ///< a sweep later is within PostgreSQL's five

    std::unique_ptr<NotificationHub> hub_;
    std::vector<std::unique_ptr<PoolPart>> parts_;  ///< last: they refer to all of the above
};

}  // namespace pgweir::pool
