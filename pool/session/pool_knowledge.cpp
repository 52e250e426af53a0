#include "pool/session/pool_knowledge.hpp"

#include <algorithm>
#include <cassert>

namespace pgweir::pool {

void PoolKnowledge::learn(const CataloguePtr& catalogue, bool current) {
    catalogue_was_asked_ = true;
    function_effects_.reset();
    plan_facts_ = {};
    if (!catalogue) return;
    if (current) {
        function_effects_ = {catalogue, &catalogue->effects};
        plan_facts_ = catalogue->plans;
        lacks_settings_ = false;
    }
    // Names do no harm where they are out of date.
    for (const std::string& name : catalogue->custom_settings) note_custom_setting(name);
    check();
}

void PoolKnowledge::forget_catalogue(CatalogueChange how) {
    function_effects_.reset();
    plan_facts_ = {};
    lacks_settings_ = lacks_settings_ || how == CatalogueChange::unseen;
    check();
}

void PoolKnowledge::note_custom_setting(const std::string& name) {
    if (std::ranges::find(custom_settings_, name) != custom_settings_.end()) return;
    if (custom_settings_.size() >= most_settings) {
        custom_settings_.erase(custom_settings_.begin());
        lacks_room_ = true;
    }
    custom_settings_.push_back(name);
}

// What is known of functions was read, and is not out of date.
void PoolKnowledge::check() const {
    assert(plan_facts_.functions_keep_plans || function_effects_);
    assert(!function_effects_ || (catalogue_was_asked_ && !lacks_settings_));
    assert(custom_settings_.size() <= most_settings);
}

}  // namespace pgweir::pool
