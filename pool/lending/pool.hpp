// A pool: the server connections for one database and user, over all workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pool/connect/credential_choice.hpp"
#include "pool/connect/keywords.hpp"
#include "pool/lending/catalogue_upkeep.hpp"
#include "pool/lending/greetings.hpp"
#include "pool/lending/outage_log.hpp"
#include "pool/lending/pool_places.hpp"
#include "pool/lending/pool_setup.hpp"
#include "pool/lending/pool_workers.hpp"
#include "pool/lending/throttle.hpp"
#include "pool/lending/waiting_board.hpp"
#include "pool/listening/notification_hub.hpp"
#include "pool/session/catalogue.hpp"
#include "pool/session/sequence_readers.hpp"
#include "pool/telling/observer.hpp"
#include "pool/worker/worker_context.hpp"

namespace pgweir::pool {

class Registry;

/// What the workers share of one pool: how it connects, its places, who waits where, what is known
/// of its server. Each worker's own part is a PoolPart. Thread-safe unless said otherwise.
class Pool : public std::enable_shared_from_this<Pool> {
  public:
    Pool(Registry& registry, std::string database, std::string user, PoolSetup setup,
         std::shared_ptr<Budget> database_budget, std::shared_ptr<Budget> user_budget,
         const std::vector<WorkerContext*>& workers, Observer& observer);

    [[nodiscard]] const std::string& database() const { return database_; }
    [[nodiscard]] const std::string& user() const { return user_; }
    [[nodiscard]] Observer& observer() const { return observer_; }
    /// What concerns other pools as well.
    [[nodiscard]] const Registry& registry() const { return registry_; }
    [[nodiscard]] PoolWorkers& workers() { return workers_; }
    /// The part of this worker; touch only on that worker.
    [[nodiscard]] PoolPart& part(unsigned worker) { return workers_.part(worker); }
    /// For the scraper.
    [[nodiscard]] const PoolStatistics& statistics(unsigned worker) const {
        return workers_.part(worker).statistics();
    }

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

    // Places for connections, and who waits for them.
    [[nodiscard]] PoolPlaces& places() { return places_; }
    [[nodiscard]] const PoolPlaces& places() const { return places_; }
    /// How many connections there are and may be, but for the reserve.
    [[nodiscard]] const Budget& budget() const { return places_.own(); }
    void give_back_place();
    /// The keywords of the next connection, with the host first whose turn it is.
    [[nodiscard]] Keywords in_order_of_hosts(Keywords keywords);
    /// Asks other pools to give up an idle connection where a limit shared with them leaves no
    /// place; for a dedicated one also this pool, whose idle ones are of no use for it.
    void ask_for_room(Place place);
    /// Who waits and who has idle connections; each part tells for itself.
    [[nodiscard]] WaitingBoard& board() { return board_; }

    // Listening.
    /// What listens for all clients; made when it is first asked for.
    [[nodiscard]] NotificationHub& hub();
    /// The channel of the markers by which clients come under the hub's care; nobody can guess it.
    [[nodiscard]] const std::string& marker_channel() const { return marker_channel_; }

    // The database behind it.
    [[nodiscard]] CatalogueUpkeep& catalogue_upkeep() { return catalogue_upkeep_; }
    /// The answer to a question for the catalogue; null where the server gave none.
    void catalogue_learned(const CataloguePtr& catalogue, const CatalogueUpkeep::Reading& reading);
    /// The catalogue may have changed: nothing is known until it is read anew.
    void forget_catalogue(CatalogueChange how);
    void note_custom_settings(const std::vector<std::string>& names);
    /// Has its servers go as soon as they are idle, but not more often than every few seconds: at
    /// once, or within the time that PostgreSQL waits for a database to be empty.
    void retire_idle_servers();
    /// Who reads what it got from a sequence (currval, lastval).
    [[nodiscard]] SequenceReaders& sequence_readers() { return sequence_readers_; }

    // What sessions begin with.
    [[nodiscard]] Greetings& greetings() { return greetings_; }
    /// What logins bring has changed: its servers, as far as they are still of this generation, are
    /// replaced when they are next free, and what they said is forgotten.
    void logins_changed(unsigned generation);
    /// Whether a client may be greeted from memory: a server would have said otherwise by now,
    /// there is none to be had, or another client is about to find out. `has_idle`: the client's
    /// worker has one that can be asked.
    [[nodiscard]] bool greetings_hold(Clock::time_point now, bool has_idle);

    /// What is known of a server that is out of reach.
    [[nodiscard]] OutageLog& outages() { return outages_; }

    /// Clients that share servers use this pool: from now on it keeps min_pool_size.
    void share() { shared_ = true; }

  private:
    template <typename Change>
    void change_setup(Change change);
    [[nodiscard]] NotificationHub* made_hub() const;

    Registry& registry_;
    const std::string database_;
    const std::string user_;
    Observer& observer_;
    const std::string marker_channel_;
    PoolPlaces places_;
    WaitingBoard board_;
    OutageLog outages_;
    Greetings greetings_;
    CredentialChoice credentials_;
    CatalogueUpkeep catalogue_upkeep_;
    SequenceReaders sequence_readers_;
    Throttle retirements_{std::chrono::seconds(3)};  ///< a sweep later is within PostgreSQL's five
    std::atomic<bool> shared_{false};
    std::atomic<std::uint64_t> next_host_{
        0};  ///< counts connections, of which each begins elsewhere

    mutable std::mutex mutex_;  ///< guards what follows; never held on the way of a query
    std::shared_ptr<const PoolSetup> setup_;
    std::unique_ptr<NotificationHub> hub_;

    PoolWorkers workers_;  ///< last: their parts refer to all of the above
};

}  // namespace pgweir::pool
