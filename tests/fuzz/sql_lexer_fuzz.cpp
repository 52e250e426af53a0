// Any text as SQL: its tokens, the names and values they stand for, and whether StatementLook sees
// what they say.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>

#include "protocol/sql/lead_in.hpp"
#include "protocol/sql/named_effects.hpp"
#include "protocol/sql/sql_mention.hpp"
#include "protocol/sql/sql_values.hpp"
#include "tests/unit/protocol/text_in_sight.hpp"

namespace {

using namespace pgweir::protocol;

void require(bool condition) {
    if (!condition) std::abort();
}

// All tokens are the text, none is empty, and what has no end is the last.
void take_apart(std::string_view text, StandardConformingStrings strings) {
    const char* at = text.data();
    bool open = false;
    SqlLexer lexer(text, strings);
    for (Token token = lexer.next(); !token.at_end(); token = lexer.next()) {
        require(!open && !token.text.empty() && token.text.data() == at);
        require(token.kind != TokenKind::doubtful_string ||
                strings == StandardConformingStrings::unknown);
        at += token.text.size();
        open = token.is_open();
        if (const auto name = name_of(token)) require(name->size() <= longest_identifier);
        if (const auto value = value_of(token)) require(value->size() <= token.text.size());
    }
    require(at == text.data() + text.size());
}

// What is quoted is one token with that value, whatever it is.
void quote(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
    quoted += '\'';
    const Token token = SqlLexer(quoted).next();
    require(token.text == quoted && value_of(token) == text);

    const std::string dollars = "$pgweir$" + std::string(text) + "$pgweir$";
    const Token dollar = SqlLexer(dollars).next();
    const bool closes_early = text.find('$') != std::string_view::npos;
    require(closes_early || (dollar.text == dollars && value_of(dollar) == text));
}

void begin(std::string_view text) {
    const std::string_view rest = text.substr(LeadIn().skip(text));
    const std::string_view begin = without_lead_in(text);
    require(rest == begin ||
            ((begin.starts_with('-') || begin.starts_with('/')) && rest == begin.substr(1)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    using enum StandardConformingStrings;
    for (const auto strings : {on, off, unknown}) take_apart(text, strings);
    std::ignore = reading_of(text);
    std::ignore = mentions(text, "temp");
    quote(text);
    begin(text);
    static const std::array<CatalogueEntry, 2> entries{
        {{"locks", "SELECT pg_advisory_lock(1)"}, {"\xc3\xa9", "SELECT lastval()"}}};
    static const NamedEffects names = NamedEffects::of_catalogue(entries);
    for (const NamedEffects* const known : std::array<const NamedEffects*, 2>{nullptr, &names})
        require(!missed_effects(text, known).any());
    return 0;
}
