// How many clients may be logged in: in all, per database and per user.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "pool/budget.hpp"

namespace pgweir::daemon {

/// Counts clients against the limits of the configuration. Shared by all workers; asked at login
/// and at the end of a session only.
class ClientLimits {
  public:
    explicit ClientLimits(unsigned max_client_conn) : all_(max_client_conn) {}

    void set_max_client_conn(unsigned limit) { all_.set_limit(limit); }

    /// A client's places, given back when this is destroyed.
    class Places {
      public:
        Places() = default;
        Places(Places&& other) noexcept = default;
        Places& operator=(Places&& other) noexcept {
            std::swap(taken_, other.taken_);
            return *this;
        }
        Places(const Places&) = delete;
        Places& operator=(const Places&) = delete;
        ~Places() {
            for (auto& budget : taken_) {
                if (budget) budget->give_back();
            }
        }
        [[nodiscard]] explicit operator bool() const { return taken_[0] != nullptr; }

      private:
        friend class ClientLimits;
        std::array<std::shared_ptr<pool::Budget>, 3> taken_;
    };

    /// Takes a place under each limit, or none. An empty result: a limit is reached.
    [[nodiscard]] Places take(const std::string& database, unsigned database_limit,
                              const std::string& user, unsigned user_limit) {
        const std::array budgets{std::shared_ptr<pool::Budget>(std::shared_ptr<void>(), &all_),
                                 named(databases_, database, database_limit),
                                 named(users_, user, user_limit)};
        Places places;
        for (std::size_t i = 0; i < budgets.size(); ++i) {
            if (!budgets[i]->try_take()) return {};
            places.taken_[i] = budgets[i];
        }
        return places;
    }

    /// How many have a place now.
    [[nodiscard]] unsigned clients_of_database(const std::string& name) const {
        return taken(databases_, name);
    }
    [[nodiscard]] unsigned clients_of_user(const std::string& name) const {
        return taken(users_, name);
    }

  private:
    using Named = std::map<std::string, std::weak_ptr<pool::Budget>>;

    // A budget lives as long as somebody has a place in it, so that names nobody uses cost nothing.
    std::shared_ptr<pool::Budget> named(Named& budgets, const std::string& name, unsigned limit) {
        const std::lock_guard lock(mutex_);
        auto& known = budgets[name];
        auto budget = known.lock();
        if (!budget) {
            std::erase_if(budgets,
                          [&](const auto& e) { return e.first != name && e.second.expired(); });
            budget = std::make_shared<pool::Budget>(limit);
            budgets[name] = budget;
        }
        budget->set_limit(limit);
        return budget;
    }

    [[nodiscard]] unsigned taken(const Named& budgets, const std::string& name) const {
        const std::lock_guard lock(mutex_);
        const auto found = budgets.find(name);
        const auto budget = found == budgets.end() ? nullptr : found->second.lock();
        return budget ? budget->open() : 0;
    }

    pool::Budget all_;
    mutable std::mutex mutex_;  ///< guards the maps
    Named databases_;
    Named users_;
};

}  // namespace pgweir::daemon
