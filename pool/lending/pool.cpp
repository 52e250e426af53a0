#include "pool/lending/pool.hpp"

#include <random>

#include "pool/connect/host_order.hpp"
#include "pool/lending/registry.hpp"

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
      marker_channel_(random_channel()),
      places_(setup.options.default_pool_size, std::move(database_budget), std::move(user_budget),
              setup.options.reserve_pool_size),
      board_(workers.size()),
      setup_(std::make_shared<const PoolSetup>(std::move(setup))),
      workers_(*this, workers, setup_) {}

std::shared_ptr<const PoolSetup> Pool::setup() const {
    const std::lock_guard lock(mutex_);
    return setup_;
}

template <typename Change>
void Pool::change_setup(Change change) {
    std::shared_ptr<const PoolSetup> next;
    unsigned before = 0;
    {
        const std::lock_guard lock(mutex_);
        PoolSetup setup = *setup_;
        before = setup.generation;
        change(setup);
        setup_ = next = std::make_shared<const PoolSetup>(std::move(setup));
    }
    if (next->generation != before) outages_.forget();
    places_.set_limits(next->options.default_pool_size, next->options.reserve_pool_size);
    workers_.post_all([next](PoolPart& part) { part.reconfigure(next); });
}

void Pool::reconfigure(PoolSetup wanted) {
    change_setup([&wanted](PoolSetup& setup) {
        if (setup.connection != wanted.connection ||
            setup.options.connect_query != wanted.options.connect_query) {
            ++setup.generation;
        }
        wanted.generation = setup.generation;
        setup = std::move(wanted);
    });
    // An operator may reload because somebody has changed a password or a database past pgweir.
    outages_.forget_refusal();
    forget_catalogue(CatalogueChange::unseen);
}

void Pool::set_paused(bool paused) {
    change_setup([paused](PoolSetup& setup) { setup.paused = paused; });
}

void Pool::reconnect() {
    change_setup([](PoolSetup& setup) { ++setup.generation; });
}

void Pool::close_servers() {
    workers_.post_all([](PoolPart& part) {
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
    for (unsigned open = budget().open(); open < minimum; ++open) {
        workers_.post(open % static_cast<unsigned>(workers_.size()),
                      [](PoolPart& part) { part.opener().open_for_minimum(); });
    }
}

void Pool::sweep() {
    catalogue_upkeep_.sweep(Clock::now());
    if (retirements_.is_due(Clock::now())) reconnect();
    workers_.post_all([](PoolPart& part) { part.sweep(Clock::now()); });
    if (NotificationHub* hub = made_hub()) hub->sweep();
}

void Pool::shut_down() {
    workers_.post_all([](PoolPart& part) { part.shut_down(); });
    if (NotificationHub* hub = made_hub()) hub->shut_down();
}

// --- places --------------------------------------------------------------------------------------

void Pool::give_back_place() {
    places_.give_back();
    workers_.wake_all();
    if (places_.may_be_shared()) registry_.room_made(*this);
}

Keywords Pool::in_order_of_hosts(Keywords keywords) {
    switch (setup()->options.load_balance_hosts) {
        case conf::LoadBalanceHosts::disable:
            return keywords;
        case conf::LoadBalanceHosts::round_robin:
            return beginning_with(std::move(keywords), next_host_.fetch_add(1));
        case conf::LoadBalanceHosts::random:
            return beginning_with(std::move(keywords), std::random_device()());
    }
    return keywords;
}

void Pool::ask_for_room(Place place) {
    if (place == Place::dedicated) {
        if (!workers_.give_up_idle()) registry_.make_room(*this);
        return;
    }
    if (!budget().is_full()) registry_.make_room(*this);
}

// --- listening -----------------------------------------------------------------------------------

NotificationHub& Pool::hub() {
    const std::lock_guard lock(mutex_);
    // Pools share the workers evenly.
    const std::size_t worker = std::hash<std::string>{}(database_ + '/' + user_) % workers_.size();
    if (!hub_) {
        hub_ = std::make_unique<NotificationHub>(*this,
                                                 workers_.context(static_cast<unsigned>(worker)));
    }
    return *hub_;
}

NotificationHub* Pool::made_hub() const {
    const std::lock_guard lock(mutex_);
    return hub_.get();
}

// --- the catalogue -------------------------------------------------------------------------------

void Pool::catalogue_learned(const CataloguePtr& catalogue,
                             const CatalogueUpkeep::Reading& reading) {
    catalogue_upkeep_.read(reading, catalogue != nullptr, Clock::now());
    workers_.post_all([catalogue, reading](PoolPart& part) {
        part.catalogue_learned(catalogue, reading.version);
    });
}

void Pool::note_custom_settings(const std::vector<std::string>& names) {
    workers_.post_all([names](PoolPart& part) {
        for (const std::string& name : names) part.knowledge().note_custom_setting(name);
    });
}

void Pool::forget_catalogue(CatalogueChange how) {
    catalogue_upkeep_.mark_stale(Clock::now());
    workers_.post_all([how](PoolPart& part) { part.knowledge().forget_catalogue(how); });
}

void Pool::retire_idle_servers() {
    if (retirements_.ask(Clock::now())) reconnect();
}

// --- what sessions begin with --------------------------------------------------------------------

void Pool::logins_changed(unsigned generation) {
    change_setup([generation](PoolSetup& setup) {
        if (setup.generation == generation) ++setup.generation;
    });
    greetings_.forget();
}

// Idle servers are looked at once a second. Where none is idle, one client in each interval finds
// out by a server of its own. Where one is, a client that logs in asks it, as who has just changed
// what logins bring tries that next; but no more than ten a second do.
bool Pool::greetings_hold(Clock::time_point now, bool has_idle) {
    constexpr std::chrono::seconds grace{2};
    constexpr milliseconds between_logins{100};
    const milliseconds interval = setup()->options.login_defaults_interval;
    if (interval <= milliseconds::zero() || outages_.is_down()) return true;
    const auto since_confirmed = now - greetings_.confirmed_at();
    if (has_idle)
        return since_confirmed < between_logins || !greetings_.claim_check(now, between_logins);
    return since_confirmed < interval + grace || places_.are_full() ||
           !greetings_.claim_check(now, interval);
}

}  // namespace pgweir::pool
