// What pgweir has asked of a server, and what came of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pool/session/catalogue.hpp"
#include "pool/session/login_defaults.hpp"
#include "pool/session/session_state.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// What pgweir itself has asked, each up to a ReadyForQuery.
enum class Question : std::uint8_t {
    lift_limits,         ///< the former tenant's limits of time go, before the next one's settings
    set_up,              ///< the tenant's settings, where no request stands behind them
    state,               ///< what the session has (session_state.hpp)
    command,             ///< a command of pgweir's; only its success matters
    hand_over_channels,  ///< a marker, behind which the hub counts
    unlisten,            ///< to what the hub listens to by now
    catalogue,           ///< which functions may change a session
    login_defaults,      ///< what the login has brought, before it has a tenant
    login_sources,       ///< whether it would bring something else by now
    cleaning,            ///< between tenants: without success the server is lost
};

/// The questions that one server has not answered yet, in their order. An error, and each row,
/// belongs to the oldest of them. A value; lives on one worker.
class Questions {
  public:
    /// What an answer told; null or empty where it could not be used.
    using Told =
        std::variant<std::monostate, SessionState, CataloguePtr, std::shared_ptr<LoginDefaults>>;

    struct Answer {
        Question question = Question::command;
        std::optional<protocol::ErrorReport> error;
        Told told;

        /// The error is this one (SQLSTATE).
        [[nodiscard]] bool failed_with(std::string_view code) const {
            return error && error->code == code;
        }
        /// What the question was for; the caller knows which type that is. Null or a value made
        /// anew after an error.
        template <class Value>
        [[nodiscard]] Value take() {
            auto* const value = std::get_if<Value>(&told);
            return value != nullptr ? std::move(*value) : Value();
        }
    };

    /// A question was sent. `sticky_functions`: for the catalogue, as CatalogueReader has it.
    void asked(Question question, std::string_view sticky_functions = {});

    [[nodiscard]] bool any() const { return !entries_.empty(); }
    /// This one is under way.
    [[nodiscard]] bool is_asked(Question question) const;
    /// The oldest one; only if there is any.
    [[nodiscard]] Question oldest() const;

    /// A DataRow of the oldest one's answer, or the first part of it.
    void row(Bytes body, bool whole);
    /// More of a row that was not whole. `ends`: the row ends with it.
    void more_of_row(Bytes bytes, bool ends);
    /// An ErrorResponse to the oldest one.
    void failed(protocol::ErrorReport error);
    /// The ReadyForQuery of the oldest one, which is over with that.
    [[nodiscard]] Answer answered();

  private:
    using Reader = std::variant<std::monostate, StateReader, CatalogueReader, LoginDefaultsReader>;
    struct Entry {
        Question question;
        Reader reader;
    };

    [[nodiscard]] static Reader reader_for(Question question, std::string_view sticky_functions);
    void read(Bytes row, bool whole);
    [[nodiscard]] Told finish();

    std::vector<Entry> entries_;
    std::optional<protocol::ErrorReport> error_;  ///< that answers the oldest one
    std::string long_row_;  ///< of the answer to it, as far as it has come, if it is not whole
};

}  // namespace pgweir::pool
