// What one worker's share of a pool knows of its database and its statements.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pool/session/catalogue.hpp"
#include "pool/session/statement.hpp"

namespace pgweir::pool {

/// What the servers of a pool ask about statements, functions and custom settings before they judge
/// what a statement may leave in its session. Each worker has its own, so that no look is shared;
/// what one learns of the catalogue is brought to all.
///
/// Lives on one worker; touch only from it.
class PoolKnowledge {
  public:
    /// The statements that clients have prepared, one object for equal ones.
    [[nodiscard]] StatementCache& statements() { return statements_; }

    /// The effects of the database's own functions, views and triggers, by name. Null: unknown.
    [[nodiscard]] const std::shared_ptr<const protocol::NamedEffects>& function_effects() const {
        return function_effects_;
    }
    /// What the database's functions make of the settings that plans were made with.
    [[nodiscard]] const PlanFacts& plan_facts() const { return plan_facts_; }

    /// The catalogue was read, here or on another worker; null: the server did not tell. `current`:
    /// it has not changed since it was read.
    void learn(const CataloguePtr& catalogue, bool current);
    /// It may have changed: what was read of it is out of date.
    void forget_catalogue(CatalogueChange how);
    /// Somebody has read it, or tried to. Before that, custom_settings() lacks those that functions
    /// set.
    [[nodiscard]] bool catalogue_was_asked() const { return catalogue_was_asked_; }

    /// Custom settings that a session of this pool may have: a server is asked for them by name.
    [[nodiscard]] const std::vector<std::string>& custom_settings() const {
        return custom_settings_;
    }
    void note_custom_setting(const std::string& name);
    /// Some may be missing there until the catalogue is read again, as it has changed where no text
    /// was seen.
    [[nodiscard]] bool lacks_settings() const { return lacks_settings_; }
    /// Some may be missing there for ever: there were too many.
    [[nodiscard]] bool lacks_room_for_settings() const { return lacks_room_; }

    /// Each is asked for in every question: a client that invents names must not make them endless.
    static constexpr std::size_t most_settings = 256;

  private:
    void check() const;

    StatementCache statements_;
    std::shared_ptr<const protocol::NamedEffects> function_effects_;
    std::vector<std::string> custom_settings_;  ///< the one that was noted last at the end
    bool catalogue_was_asked_ = false;
    PlanFacts plan_facts_;
    bool lacks_settings_ = false;
    bool lacks_room_ = false;
};

}  // namespace pgweir::pool
