// The run-time settings of a session, so far as pgweir carries them from server to server.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/sql/named_effects.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::pool {

using protocol::Parameter;

/// Which settings a session has that differ from its server's login: what the client's
/// StartupMessage asked for, and what the server has told since (ParameterStatus, and the answers
/// to session_state.hpp's question). `role` and `session_authorization` are among them. Immutable
/// and shared; two clients with the same settings share one object, so that "is this server set up
/// for this client?" is a comparison of two pointers.
class SessionSettings {
  public:
    /// `values` by name in lower case, sorted, no name twice; as bytes of the server's encoding.
    explicit SessionSettings(std::vector<Parameter> values);

    [[nodiscard]] const std::vector<Parameter>& values() const { return values_; }
    /// The value of a setting (name in lower case), or nullptr.
    [[nodiscard]] const std::string* find(std::string_view name) const;
    /// Those that may have a say in what a statement means or gives, as one string.
    [[nodiscard]] const std::string& parsing() const { return parsing_; }
    /// How long the client may be idle by its own setting of that name; 0: without end.
    [[nodiscard]] std::chrono::milliseconds idle_session_timeout() const {
        return idle_session_timeout_;
    }

  private:
    std::vector<Parameter> values_;
    std::string parsing_;
    std::chrono::milliseconds idle_session_timeout_{};
};

using SettingsPtr = std::shared_ptr<const SessionSettings>;

/// The ParameterStatus values of a greeting, in the server's order.
using Greeting = std::shared_ptr<const std::vector<Parameter>>;

/// The value of the first with this name, which stand in any order; null: there is none.
[[nodiscard]] const std::string* find_parameter(const std::vector<Parameter>& parameters,
                                                std::string_view name);

/// Sorts, lower-cases the names and keeps the last of each: the start-up packet's settings as
/// PostgreSQL would have applied them.
[[nodiscard]] std::vector<Parameter> normalise(std::vector<Parameter> settings);

/// `settings` with one changed.
[[nodiscard]] std::vector<Parameter> with(const SessionSettings& settings, std::string_view name,
                                          std::string_view value);

/// `settings` with one left out.
[[nodiscard]] std::vector<Parameter> without(const SessionSettings& settings,
                                             std::string_view name);

/// A setting's name as it is kept here.
[[nodiscard]] std::string lower_case(std::string_view name);

/// What both have, and where a name is in both, the value of `over`.
[[nodiscard]] std::vector<Parameter> merge(const SessionSettings& base,
                                           const SessionSettings& over);

/// The statements that turn a session with the settings `from` into one with `to`, in their order;
/// none when there is nothing to do. The first is BEGIN and the last COMMIT: where PostgreSQL
/// refuses one of them, nothing is changed.
[[nodiscard]] std::vector<std::string> difference_sql(const SessionSettings& from,
                                                      const SessionSettings& to);

/// Has each plan of the session made anew when it is used next (manual, "DISCARD").
inline constexpr std::string_view discard_plans = "DISCARD PLANS";

/// What a database's functions make of the settings that a plan was made with. As long as the
/// catalogue is not known: everything.
struct PlanFacts {
    bool functions_keep_plans = true;  ///< there are functions in PL/pgSQL or the like
    /// Functions that are called IMMUTABLE may read settings: the planner folds their calls.
    bool folds_settings = true;
    /// Functions in SQL that not everybody may call: the planner asks for the right, once.
    bool asks_for_rights = true;

    friend bool operator==(const PlanFacts&, const PlanFacts&) = default;
};

/// Whether a plan that PostgreSQL would go on to use may give something else by the value of this
/// setting (name in lower case). For another search_path it makes the plan anew by itself.
[[nodiscard]] bool plans_depend_on(std::string_view setting, const PlanFacts& facts);

/// Whether a plan that was made with `from` may give something else than one made with `to`.
[[nodiscard]] bool plans_may_differ(const SessionSettings& from, const SessionSettings& to,
                                    const PlanFacts& facts);

/// Whether a statement that changes settings may change one that plans depend on, for its
/// transaction or longer. `names`: what the database's own functions do; null: not known.
[[nodiscard]] bool may_change_plans(std::string_view sql, const PlanFacts& facts,
                                    const protocol::NamedEffects* names);

/// Those of `from` that bound how long a statement or a transaction may take, or a session may be
/// idle, and that `to` does not have alike: set to no limit.
[[nodiscard]] std::vector<Parameter> limits_to_lift(const SessionSettings& from,
                                                    const SessionSettings& to);

/// A statement that sets this for the session or, `local`, up to the end of the transaction. SET
/// TRANSACTION may follow it ("must be called before any query"), save for that of a list of names.
[[nodiscard]] std::string setting_sql(std::string_view name, std::string_view value, bool local);

/// Whether a reported parameter is a setting that a session can change, as against a fact about the
/// server (server_version, is_superuser, …).
[[nodiscard]] bool is_settable(std::string_view reported_name);

/// Whether a reported parameter has a value that sessions begin with and that may change: not one
/// of the session's role, nor one that stays for ever.
[[nodiscard]] bool has_default(std::string_view reported_name);

/// A string literal of any bytes in the server's encoding, which means the same whatever
/// client_encoding and standard_conforming_strings say.
void append_literal(std::string& sql, std::string_view value);

/// Gives equal settings one object. One per worker; touch only from it. Forgets what nobody uses.
class SettingsInterner {
  public:
    [[nodiscard]] SettingsPtr intern(std::vector<Parameter> values);
    [[nodiscard]] const SettingsPtr& none() const { return none_; }

  private:
    void forget_unused();

    SettingsPtr none_ = std::make_shared<SessionSettings>(std::vector<Parameter>{});
    boost::unordered_flat_map<std::size_t, std::weak_ptr<const SessionSettings>> known_;
    std::size_t forget_at_ = 64;
};

}  // namespace pgweir::pool
