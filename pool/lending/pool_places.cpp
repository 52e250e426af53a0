#include "pool/lending/pool_places.hpp"

namespace pgweir::pool {

bool PoolPlaces::try_take_beyond(unsigned reserve) {
    if (!own_.try_take(reserve)) return false;
    if (!database_->try_take()) {
        own_.give_back();
        return false;
    }
    if (!user_->try_take()) {
        database_->give_back();
        own_.give_back();
        return false;
    }
    return true;
}

void PoolPlaces::give_back() {
    user_->give_back();
    database_->give_back();
    own_.give_back();
}

bool PoolPlaces::are_full() const {
    return own_.is_full() || database_->is_full() || user_->is_full();
}

bool PoolPlaces::may_be_shared() const {
    return database_->limit() != 0 || user_->limit() != 0;
}

bool PoolPlaces::share_limit_with(const PoolPlaces& other) const {
    return (database_->limit() != 0 && database_ == other.database_) ||
           (user_->limit() != 0 && user_ == other.user_);
}

}  // namespace pgweir::pool
