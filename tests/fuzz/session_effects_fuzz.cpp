// Any text as a statement, in any split, and as a database's function.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "protocol/sql/named_effects.hpp"

namespace {

using namespace pgweir::protocol;

void require(bool condition) {
    if (!condition) std::abort();
}

Effects in_parts(std::string_view text, const NamedEffects* names, std::size_t size) {
    StatementLook look(names);
    while (!text.empty()) {
        look.feed(text.substr(0, size));
        text.remove_prefix(std::min(size, text.size()));
    }
    return look.finish();
}

// What is put after the text of a statement cannot take an effect away.
void append_statements(std::string_view text, const NamedEffects* names, Effects whole) {
    for (const std::string_view more : {"; SELECT 1", " ", "\n"}) {
        const Effects longer = look_at(std::string(text).append(more), names);
        require((longer | whole.without(Effect::ends_transaction)) == longer);
    }
    if (text.find("/*") != std::string_view::npos) return;  // it may open a comment at the start
    const Effects set = look_at(std::string(text).append("\n;SET a.b = 1"), names);
    require(set.contains(Effect::state));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static const std::array<CatalogueEntry, 3> entries{{{"locks", "SELECT pg_advisory_lock(1)"},
                                                        {"orders", "locks"},
                                                        {"\xc3\xa9", "SELECT lastval()"}}};
    static const NamedEffects names = NamedEffects::of_catalogue(entries);
    for (const NamedEffects* const known : std::array<const NamedEffects*, 2>{nullptr, &names}) {
        const Effects whole = look_at(text, known);
        for (const std::size_t part : {1U, 2U, 7U, 64U}) {
            require(in_parts(text, known, part) == whole);
        }
        append_statements(text, known, whole);
    }
    static_cast<void>(effects_of_tag(text));

    const std::size_t middle = text.find('\n');
    const std::array<CatalogueEntry, 2> functions{
        {{std::string(text.substr(0, middle)), "SELECT setseed(1)"}, {"user", std::string(text)}}};
    const NamedEffects found = NamedEffects::of_catalogue(functions);
    const Effects of_name = look_at("SELECT " + functions[0].name + "()", &found);
    require(of_name.contains(Effect::sticky));
    return 0;
}
