#include "daemon/process/reachability.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <vector>

namespace pgweir::daemon {

Reachability::Reachability(std::shared_ptr<const conf::Config> config,
                           std::function<bool()> is_known)
    : is_known_(std::move(is_known)), config_(std::move(config)), thread_([this] { run(); }) {}

Reachability::~Reachability() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Reachability::reconfigure(std::shared_ptr<const conf::Config> config) {
    {
        const std::lock_guard lock(mutex_);
        config_ = std::move(config);
    }
    changed_.notify_all();
}

bool Reachability::any_reachable() const {
    const std::lock_guard lock(mutex_);
    return any_reachable_;
}

void Reachability::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto config = config_;
        lock.unlock();
        const bool reachable = is_known_() || ask(*config);
        lock.lock();
        any_reachable_ = reachable;
        changed_.wait_for(lock, interval);
    }
}

bool Reachability::ask(const conf::Config& config) {
    return std::ranges::any_of(config.databases, [](const conf::Database& database) {
        std::vector<const char*> names;
        std::vector<const char*> values;
        for (const auto& [name, value] : database.connection) {
            names.push_back(name.c_str());
            values.push_back(value.c_str());
        }
        for (const auto& [name, value] :
             {std::pair{"connect_timeout", "2"}, std::pair{"gssencmode", "disable"}}) {
            names.push_back(name);
            values.push_back(value);
        }
        names.push_back(nullptr);
        values.push_back(nullptr);
        return PQpingParams(names.data(), values.data(), 0) == PQPING_OK;
    });
}

}  // namespace pgweir::daemon
