#include "pool/session/statement_doubts.hpp"

#include <optional>

#include "protocol/wire/extended_query.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Frontend;

bool StatementDoubts::concern_names_in(Bytes text) const {
    return ledger_.in_flight().has_doubtful() &&
           protocol::look_at(text, ledger_.server().knowledge.function_effects().get())
               .contains(Effect::names_statement);
}

// The server has to read what a Bind or a Describe names, and what was sent before may fail: in a
// transaction that has failed nothing is read, and something else is done
// (StatementFinder::stand_in).
bool StatementDoubts::may_be_read_too_late(const protocol::Step& step) const {
    if (!ledger_.server().tracker.block_may_fail()) return false;
    Bytes name;
    if (static_cast<Frontend>(step.type) == Frontend::bind) {
        if (const auto bind = protocol::parse_bind_head(step.body)) name = bind->statement;
    } else if (static_cast<Frontend>(step.type) == Frontend::describe) {
        const auto target = protocol::parse_target(step.body);
        if (target && target->kind == 'S') name = target->name;
    }
    const ClientStatement* const own = name.empty() ? nullptr : ledger_.own(name);
    return own != nullptr && own->statement != unknown_statement() &&
           !serves(ledger_.server().statements.use(*own->statement), *own);
}

// Whether a Sync stands between this request and an unanswered one about the same statement; if an
// error came before that, the server has never read it.
bool StatementDoubts::must_hold_back(const protocol::Step& step) const {
    if (may_be_read_too_late(step)) return true;
    const StatementsInFlight& in_flight = ledger_.in_flight();
    if (!in_flight.has_doubtful()) return false;
    switch (static_cast<Frontend>(step.type)) {
        case Frontend::parse: {
            const auto parse = step.whole ? protocol::parse_parse(step.body) : std::nullopt;
            if (!parse) return false;
            if (parse->statement.empty()) return concern_names_in(parse->query);
            return in_flight.is_doubtful(parse->statement, true) ||
                   in_flight.is_doubtful_text(parse->query) || concern_names_in(parse->query);
        }
        case Frontend::bind: {
            const auto bind = protocol::parse_bind_head(step.body);
            return bind && concern(bind->statement);
        }
        case Frontend::describe:
        case Frontend::close: {
            const auto target = protocol::parse_target(step.body);
            return target && target->kind == 'S' && concern(target->name);
        }
        default:
            return false;
    }
}

// What the client has under the name.
bool StatementDoubts::concern(Bytes name) const {
    if (ledger_.in_flight().is_doubtful(name, false)) return true;
    const ClientStatement* const own = ledger_.own(name);
    return own != nullptr && own->statement != unknown_statement() &&
           (ledger_.in_flight().is_doubtful_text(own->statement->query()) ||
            concern_names_in(own->statement->query()));
}

}  // namespace pgweir::pool
