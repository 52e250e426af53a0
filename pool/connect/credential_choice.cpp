#include "pool/connect/credential_choice.hpp"

#include <algorithm>

namespace pgweir::pool {

namespace {

auto same_as(const CredentialsPtr& credentials) {
    return [&credentials](const CredentialsPtr& known) { return *known == *credentials; };
}

}  // namespace

bool CredentialChoice::offer(const std::vector<CredentialsPtr>& offered) {
    const std::lock_guard lock(mutex_);
    bool is_news = false;
    auto place = known_.begin() + (has_accepted_ ? 1 : 0);
    for (const CredentialsPtr& credentials : offered) {
        if (std::ranges::any_of(known_, same_as(credentials))) continue;
        place = known_.insert(place, credentials) + 1;
        is_news = true;
    }
    if (known_.size() > most) known_.resize(most);
    return is_news;
}

std::vector<CredentialsPtr> CredentialChoice::in_order() const {
    const std::lock_guard lock(mutex_);
    return known_;
}

void CredentialChoice::accepted(const CredentialsPtr& credentials) {
    const std::lock_guard lock(mutex_);
    has_accepted_ = true;
    if (!known_.empty() && known_.front() == credentials) return;
    std::erase_if(known_, same_as(credentials));
    known_.insert(known_.begin(), credentials);
}

}  // namespace pgweir::pool
