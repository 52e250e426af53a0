#include "pool/session/session_pooling.hpp"

#include <string>

#include "pool/session/request_text.hpp"
#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/extended_query.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;

void SessionPooling::note(const protocol::Step& step) {
    if (!rooms_.context.has_startup_settings()) return;
    const auto type = static_cast<Frontend>(step.type);
    if (rooms_.tracker.discarding() && type != Frontend::sync) return;
    if (type == Frontend::query) {
        run(type, step.whole ? std::optional<Bytes>(text_of(step)) : std::nullopt);
    } else if (type == Frontend::parse) {
        const Bytes name = step.body.substr(0, step.body.find('\0'));
        rooms_.startup.note_prepared(std::string(name),
                                     step.whole ? std::optional(text_of(step)) : std::nullopt);
    } else if (type == Frontend::bind) {
        const auto bind = protocol::parse_bind_head(step.body);
        const auto* const text = bind ? rooms_.startup.prepared(bind->statement) : nullptr;
        if (text != nullptr) run(type, *text);
    } else {
        rooms_.order.passes(type);
    }
}

// `text`: none where it is not known.
void SessionPooling::run(Frontend type, std::optional<Bytes> text) {
    Effects effects = Effect::reset;
    if (text) {
        const Effects found = protocol::look_at(*text, nullptr);
        effects = found.only(Effect::reset);
        rooms_.startup.note(*text, rooms_.tracker.sent_in_all(),
                            found.contains(Effect::ends_transaction));
    } else {
        rooms_.startup.note_unknown();
    }
    if (!effects.any()) return;
    rooms_.suspicion.add(effects);
    rooms_.order.runs(type, effects, true);
}

bool SessionPooling::restore() {
    if (!rooms_.suspicion.take_effects().contains(Effect::reset)) return false;
    const std::string sql = rooms_.restore_sql();
    rooms_.startup.forget_resets();
    if (sql.empty()) return false;
    rooms_.own_writer().command(sql);
    return true;
}

}  // namespace pgweir::pool
