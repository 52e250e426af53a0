#include "protocol/pin_forecast.hpp"

#include <algorithm>
#include <string>

#include "protocol/lead_in.hpp"

namespace pgweir::protocol {

namespace {

// In lower case, with one space for whatever is no part of a word, and one at both ends.
std::string words_of(std::string_view sql) {
    std::string words = " ";
    for (const char c : sql) {
        const bool upper = c >= 'A' && c <= 'Z';
        const bool part = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        if (part) {
            words += upper ? static_cast<char>(c - 'A' + 'a') : c;
        } else if (words.back() != ' ') {
            words += ' ';
        }
    }
    if (words.back() != ' ') words += ' ';
    return words;
}

// Each word is looked at once, however often the name stands in it.
bool takes_session_lock(std::string_view words) {
    for (std::size_t at = 0; (at = words.find("advisory_lock", at)) != std::string_view::npos;) {
        const std::size_t begin = words.rfind(' ', at) + 1;
        at = words.find(' ', at);
        const std::string_view name = words.substr(begin, at - begin);
        if (name.starts_with("pg_advisory_lock") || name.starts_with("pg_try_advisory_lock")) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string_view forecast_pin(std::string_view sql, Effects effects) {
    if (effects.contains(Effect::sticky)) return "what ends only with its session";
    if (effects.contains(Effect::reads_sequence)) return "the session's value of a sequence";
    if (!effects.contains(Effect::state)) return {};
    sql.remove_prefix(LeadIn().skip(sql));
    const std::string words = words_of(sql);
    const auto has = [&](std::string_view text) { return words.find(text) != std::string::npos; };
    const bool temporary = has(" temp ") || has(" temporary ") || has(" pg_temp ");
    const bool created = words.starts_with(" create ") || has(" into temp");
    if (temporary && created && !has(" on commit drop ")) return "a temporary object";
    if (takes_session_lock(words)) return "a session-level advisory lock";
    if (has(" with hold ")) return "a cursor WITH HOLD";
    if (words.starts_with(" prepare ") && !words.starts_with(" prepare transaction ")) {
        return "a statement prepared by SQL";
    }
    return {};
}

}  // namespace pgweir::protocol
