// Whose plans a server has.
#pragma once

#include <cstdint>
#include <string_view>

#include "pool/session/session_settings.hpp"
#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

/// A plan that one client has made, with settings or temporary objects of its own, must not serve
/// another (DECISIONS.md, D68). This object knows who has made plans in one session of PostgreSQL
/// since they were discarded last, and says when they have to be discarded.
///
/// Clients go by TenantSession::id. A value; it belongs to the connection.
class PlanOwner {
  public:
    /// A statement that is about to run, and what it meets.
    struct Request {
        std::uint64_t client = 0;
        protocol::Effects effects;
        std::string_view text;
        bool had_temporary = false;  ///< the backend has made something temporary once
        bool has_temporary = false;  ///< the client has something temporary there
        protocol::TransactionStatus status = protocol::TransactionStatus::idle;
        bool has_no_transaction = false;  ///< none is open, and none may be
        bool has_plans = true;            ///< there is anything that PostgreSQL keeps a plan of
        const PlanFacts& facts;
        const protocol::NamedEffects* names = nullptr;  ///< as may_change_plans() takes them
    };

    /// A client uses the server: what it runs may make plans.
    void used_by(std::uint64_t client) {
        if (made_by_ != client) made_by_ = made_by_ == 0 ? client : several;
    }
    /// A client changes settings that plans depend on, for a time that is not followed.
    void changed_by(std::uint64_t client) { changed_by_ = client; }
    /// It is not known whose settings were in force.
    void lost_track() { changed_by_ = several; }
    /// All plans are gone, or go before what this client asks.
    void discarded_for(std::uint64_t client) {
        changed_by_ = 0;
        made_by_ = client;
    }
    /// pgweir has cleaned the session.
    void discarded() { changed_by_ = 0; }

    /// Another client has changed settings, for a time, that plans depend on.
    [[nodiscard]] bool are_of_another_than(std::uint64_t client) const {
        return changed_by_ != 0 && changed_by_ != client;
    }
    /// All plans have to be discarded before this statement.
    [[nodiscard]] bool must_discard_for(const Request& request) const;

  private:
    /// In place of a client's number: more than one.
    static constexpr std::uint64_t several = ~std::uint64_t{0};

    [[nodiscard]] static bool shadows_anew(const Request& request);
    [[nodiscard]] bool outdates(const Request& request) const;

    std::uint64_t changed_by_ = 0;  ///< 0: nobody
    std::uint64_t made_by_ = 0;     ///< the only client that may have made plans; 0: nobody
};

}  // namespace pgweir::pool
