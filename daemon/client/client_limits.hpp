// How many clients may be logged in: in all, per database and per user.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/console/client_counts.hpp"
#include "pool/lending/budget.hpp"
#include "protocol/wire/error_report.hpp"

namespace pgweir::daemon {

/// Counts clients against the limits of the configuration. Shared by all workers; asked at login
/// and at the end of a session only.
class ClientLimits : public console::ClientCounts {
  public:
    explicit ClientLimits(unsigned max_client_conn) : all_(max_client_conn) {}

    void set_max_client_conn(unsigned limit) { all_.set_limit(limit); }

    /// What all clients of one database and user have in common.
    struct Account {
        std::string database;
        std::string user;
        pool::Budget& of_all;
        std::shared_ptr<pool::Budget> of_database;
        std::shared_ptr<pool::Budget> of_user;
    };

    /// A client's place under each of its limits, given back when this is destroyed.
    class Place {
      public:
        Place() = default;
        Place(Place&& other) noexcept = default;
        Place& operator=(Place&& other) noexcept {
            std::swap(account_, other.account_);
            return *this;
        }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place() {
            if (!account_) return;
            account_->of_user->give_back();
            account_->of_database->give_back();
            account_->of_all.give_back();
        }
        [[nodiscard]] explicit operator bool() const { return account_ != nullptr; }
        /// Whose it is; not of an empty one.
        [[nodiscard]] const Account& account() const { return *account_; }

      private:
        friend class ClientLimits;
        explicit Place(std::shared_ptr<const Account> account) : account_(std::move(account)) {}
        std::shared_ptr<const Account> account_;
    };

    /// Which limit is reached.
    enum class Reached : std::uint8_t { of_all, of_database, of_user };
    /// Takes a place under each limit, or none.
    [[nodiscard]] std::variant<Place, Reached> take(const std::string& database,
                                                    unsigned database_limit,
                                                    const std::string& user, unsigned user_limit);

    /// A place for an operator at the console, whom no limit keeps out.
    [[nodiscard]] Place take_for_operator(const std::string& user);
    /// A place at the console for who may only look: max_client_conn does not count.
    [[nodiscard]] std::variant<Place, Reached> take_for_console(unsigned database_limit,
                                                                const std::string& user,
                                                                unsigned user_limit);

    /// How many have a place now.
    [[nodiscard]] unsigned clients_of_database(const std::string& name) const override {
        return taken(databases_, name);
    }
    [[nodiscard]] unsigned clients_of_user(const std::string& name) const override {
        return taken(users_, name);
    }
    [[nodiscard]] std::vector<std::string> users() const override;

  private:
    using Named = std::map<std::string, std::weak_ptr<pool::Budget>>;

    [[nodiscard]] static std::variant<Place, Reached> take(std::shared_ptr<const Account> taken,
                                                           unsigned database_limit,
                                                           unsigned user_limit);
    [[nodiscard]] std::shared_ptr<const Account> account(const std::string& database,
                                                         const std::string& user,
                                                         pool::Budget& of_all);

    [[nodiscard]] unsigned taken(const Named& budgets, const std::string& name) const {
        const std::lock_guard lock(mutex_);
        const auto found = budgets.find(name);
        const auto budget = found == budgets.end() ? nullptr : found->second.lock();
        return budget ? budget->open() : 0;
    }

    pool::Budget all_;          ///< those of the console are not among them
    pool::Budget console_{0};   ///< 0: no limit
    mutable std::mutex mutex_;  ///< guards the maps
    Named databases_;
    Named users_;
    std::map<std::pair<std::string, std::string>, std::weak_ptr<const Account>> accounts_;
};

/// What a client is told that came when this limit was reached: in PostgreSQL's words, and in
/// PgBouncer's, which name the limit.
[[nodiscard]] protocol::ErrorReport too_many(ClientLimits::Reached limit);

}  // namespace pgweir::daemon
