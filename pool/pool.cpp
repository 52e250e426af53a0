#include "pool/pool.hpp"

#include <boost/asio/post.hpp>
#include <random>

#include "pool/registry.hpp"
#include "protocol/custom_settings.hpp"

namespace pgweir::pool {

namespace {

std::string random_channel() {
    std::random_device random;
    std::string name = "pgweir_";
    for (int i = 0; i < 4; ++i) name += std::to_string(random());
    return name;
}

}  // namespace

Pool::Pool(Registry& registry, std::string database, std::string user, PoolSetup setup,
           std::shared_ptr<Budget> database_budget, std::shared_ptr<Budget> user_budget,
           const std::vector<WorkerContext*>& workers, Observer& observer)
    : registry_(registry),
      database_(std::move(database)),
      user_(std::move(user)),
      observer_(observer),
      budget_(setup.options.default_pool_size),
      database_budget_(std::move(database_budget)),
      user_budget_(std::move(user_budget)),
      contexts_(workers),
      marker_channel_(random_channel()),
      board_(workers.size()),
      setup_(std::make_shared<const PoolSetup>(std::move(setup))) {
    parts_.reserve(workers.size());
    for (WorkerContext* context : workers) {
        parts_.push_back(std::make_unique<PoolPart>(*this, *context, setup_));
    }
}

template <typename Action>
void Pool::on_worker(unsigned worker, Action action) {
    asio::post(contexts_[worker]->io.get_executor(),
               [self = shared_from_this(), worker, action = std::move(action)]() mutable {
                   action(*self->parts_[worker]);
               });
}

template <typename Action>
void Pool::on_all_workers(const Action& action) {
    for (unsigned worker = 0; worker < parts_.size(); ++worker) on_worker(worker, action);
}

const PoolStatistics& Pool::statistics(unsigned worker) const {
    return parts_[worker]->statistics();
}

std::shared_ptr<const PoolSetup> Pool::setup() const {
    const std::lock_guard lock(mutex_);
    return setup_;
}

template <typename Change>
void Pool::change_setup(Change change) {
    std::shared_ptr<const PoolSetup> next;
    {
        const std::lock_guard lock(mutex_);
        PoolSetup setup = *setup_;
        change(setup);
        setup_ = next = std::make_shared<const PoolSetup>(std::move(setup));
    }
    if (next->generation != 0) outages_.forget();
    budget_.set_limit(next->options.default_pool_size);
    on_all_workers([next](PoolPart& part) { part.reconfigure(next); });
}

void Pool::reconfigure(PoolSetup wanted) {
    change_setup([&wanted](PoolSetup& setup) {
        if (setup.connection != wanted.connection) ++setup.generation;
        wanted.generation = setup.generation;
        setup = std::move(wanted);
    });
    // An operator may reload because somebody has changed a database past pgweir.
    forget_catalogue(CatalogueChange::unseen);
}

void Pool::set_paused(bool paused) {
    change_setup([paused](PoolSetup& setup) { setup.paused = paused; });
}

void Pool::reconnect() {
    change_setup([](PoolSetup& setup) { ++setup.generation; });
}

void Pool::close_servers() {
    on_all_workers([](PoolPart& part) {
        part.close_servers(ServerClose::retired, "an operator has asked for it");
    });
}

void Pool::offer_credentials(const std::vector<CredentialsPtr>& offered) {
    if (credentials_.offer(offered)) outages_.forget_refused_password();
}

void Pool::ensure_minimum() {
    if (!shared_) return;
    const auto setup = this->setup();
    if (setup->paused) return;
    const unsigned minimum = setup->options.min_pool_size;
    for (unsigned open = budget_.open(); open < minimum; ++open) {
        on_worker(open % static_cast<unsigned>(parts_.size()),
                  [](PoolPart& part) { part.open_for_minimum(); });
    }
}

void Pool::sweep() {
    catalogue_upkeep_.sweep(Clock::now());
    if (ways_made_.is_due(Clock::now())) reconnect();
    on_all_workers([](PoolPart& part) { part.sweep(Clock::now()); });
    if (NotificationHub* hub = made_hub()) hub->sweep();
}

void Pool::shut_down() {
    on_all_workers([](PoolPart& part) { part.shut_down(); });
    if (NotificationHub* hub = made_hub()) hub->shut_down();
}

// --- places --------------------------------------------------------------------------------------

bool Pool::try_take_place(Place place) {
    const bool shared = place == Place::shared;
    if (shared && !budget_.try_take()) return false;
    if (!database_budget_->try_take()) {
        if (shared) budget_.give_back();
        return false;
    }
    if (!user_budget_->try_take()) {
        database_budget_->give_back();
        if (shared) budget_.give_back();
        return false;
    }
    return true;
}

void Pool::give_back_place(Place place) {
    user_budget_->give_back();
    database_budget_->give_back();
    if (place == Place::shared) budget_.give_back();
    place_available();
    if (database_budget_->limit() != 0 || user_budget_->limit() != 0) registry_.room_made(*this);
}

void Pool::place_available() {
    for (unsigned worker = 0; worker < parts_.size(); ++worker) wake(worker);
}

bool Pool::shares_limit_with(const Pool& other) const {
    return (database_budget_->limit() != 0 && database_budget_ == other.database_budget_) ||
           (user_budget_->limit() != 0 && user_budget_ == other.user_budget_);
}

// --- who waits and who has -----------------------------------------------------------------------

bool Pool::ask_for_idle(unsigned worker) {
    const auto other = board_.idle_elsewhere(worker);
    if (other) on_worker(*other, [worker](PoolPart& part) { part.send_idle_to(worker); });
    return other.has_value();
}

void Pool::ask_for_room(Place place) {
    if (place == Place::dedicated) {
        if (!give_up_idle()) registry_.make_room(*this);
        return;
    }
    const bool own_limit = budget_.limit() != 0 && budget_.open() >= budget_.limit();
    if (!own_limit) registry_.make_room(*this);
}

void Pool::wake(unsigned worker) {
    if (!board_.is_waiting(worker)) return;
    on_worker(worker, [](PoolPart& part) { part.open_connections(); });
}

bool Pool::give_up_idle() {
    const auto worker = board_.any_idle();
    if (worker) on_worker(*worker, [](PoolPart& part) { part.close_one_idle(); });
    return worker.has_value();
}

void Pool::move_to(unsigned worker, ServerConnection connection) {
    on_worker(worker, [connection = std::move(connection)](PoolPart& part) mutable {
        part.adopt(std::move(connection));
    });
}

// --- listening -----------------------------------------------------------------------------------

NotificationHub& Pool::hub() {
    const std::lock_guard lock(mutex_);
    // Pools share the workers evenly.
    const std::size_t worker = std::hash<std::string>{}(database_ + '/' + user_) % contexts_.size();
    if (!hub_) hub_ = std::make_unique<NotificationHub>(*this, *contexts_[worker]);
    return *hub_;
}

NotificationHub* Pool::made_hub() const {
    const std::lock_guard lock(mutex_);
    return hub_.get();
}

void Pool::tell_listeners(unsigned worker, HubEvents events) {
    on_worker(worker,
              [events = std::move(events)](PoolPart& part) { part.listeners().hub_said(*events); });
}

// --- the catalogue -------------------------------------------------------------------------------

void Pool::catalogue_learned(const CataloguePtr& catalogue,
                             const CatalogueUpkeep::Reading& reading) {
    catalogue_upkeep_.read(reading, catalogue != nullptr, Clock::now());
    on_all_workers(
        [catalogue, reading](PoolPart& part) { part.catalogue_learned(catalogue, reading.as_of); });
}

void Pool::catalogue_changed(CatalogueChange how) const {
    registry_.for_each_of_database(*this, [how](Pool& pool) { pool.forget_catalogue(how); });
}

void Pool::catalogue_changes(Bytes sql) const {
    std::vector<std::string> names;
    std::ignore = protocol::collect_custom_settings(sql, names);
    if (names.empty()) return;
    registry_.for_each_of_database(*this,
                                   [&names](Pool& pool) { pool.note_custom_settings(names); });
}

void Pool::ask_for_kept_servers() {
    for (unsigned worker = 0; worker < workers(); ++worker) {
        const auto kept_for = [&](PinReason reason) {
            return statistics(worker).clients_pinned[static_cast<std::size_t>(reason)].get() > 0;
        };
        if (kept_for(PinReason::custom_setting) || kept_for(PinReason::sequence))
            on_worker(worker, [](PoolPart& part) { part.take_back_kept_server(); });
    }
}

void Pool::make_way(Bytes sql) const {
    registry_.make_way(sql);
}

void Pool::make_way() {
    if (ways_made_.ask(Clock::now())) reconnect();
}

void Pool::note_custom_settings(const std::vector<std::string>& names) {
    on_all_workers([names](PoolPart& part) {
        for (const std::string& name : names) part.knowledge().note_custom_setting(name);
    });
}

void Pool::forget_catalogue(CatalogueChange how) {
    catalogue_upkeep_.changed(Clock::now());
    on_all_workers([how](PoolPart& part) { part.knowledge().forget_catalogue(how); });
}

bool Pool::shares_database_with(const Pool& other) const {
    return keyword(setup()->connection, "dbname") == keyword(other.setup()->connection, "dbname");
}

// --- what sessions begin with --------------------------------------------------------------------

void Pool::logins_changed(const protocol::LoginChange& change) const {
    registry_.logins_changed(change);
}

void Pool::logins_changed(unsigned generation) {
    change_setup([generation](PoolSetup& setup) {
        if (setup.generation == generation) ++setup.generation;
    });
    greetings_.forget();
}

bool Pool::is_meant(const protocol::LoginChange& change) const {
    const auto setup = this->setup();
    const auto is = [&](std::string_view name, const std::optional<std::string>& named) {
        const std::string_view own = keyword(setup->connection, name);
        return !named || own.empty() || own == *named;
    };
    return is("user", change.role) && is("dbname", change.database);
}

bool Pool::claim_check(Clock::time_point now, milliseconds interval) {
    const std::lock_guard lock(mutex_);
    if (now - checked_at_ < interval) return false;
    checked_at_ = now;
    return true;
}

// Idle servers are looked at once a second. Where none is idle, one client in each interval finds
// out by a server of its own. Where one is, a client that logs in asks it, as who has just changed
// what logins bring tries that next; but no more than ten a second do.
bool Pool::greetings_hold(Clock::time_point now, bool has_idle) {
    constexpr std::chrono::seconds grace{2};
    constexpr milliseconds between_logins{100};
    const milliseconds interval = setup()->options.login_defaults_interval;
    if (has_idle && interval > milliseconds::zero() && !outages_.is_down()) {
        return now - greetings_.confirmed_at() < between_logins ||
               !claim_check(now, between_logins);
    }
    const auto is_full = [](const Budget& budget) {
        return budget.limit() != 0 && budget.open() >= budget.limit();
    };
    return interval <= milliseconds::zero() || outages_.is_down() ||
           now - greetings_.confirmed_at() < interval + grace || is_full(budget_) ||
           is_full(*database_budget_) || is_full(*user_budget_) || !claim_check(now, interval);
}

// --- outages -------------------------------------------------------------------------------------

void Pool::announce_outage() {
    on_all_workers([](PoolPart& part) { part.outage_announced(); });
}

}  // namespace pgweir::pool
