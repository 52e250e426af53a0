#include "protocol/sql/statement_names.hpp"

#include <algorithm>
#include <unordered_set>

#include "protocol/sql/characters.hpp"
#include "protocol/sql/sql_reader.hpp"
#include "protocol/sql/sql_values.hpp"

namespace pgweir::protocol {

namespace {

std::string in_lower_case(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), lower);
    return result;
}

std::string_view take_word(std::string_view& text) {
    const auto* const end = std::ranges::find_if_not(text, continues_identifier);
    const std::string_view word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(word.size());
    return word;
}

std::size_t quotes_at(std::string_view text, std::size_t at) {
    return std::min(text.find_first_not_of('"', at), text.size()) - at;
}

// What stands between here and the quote that ends a name; nothing if none does. In a name each
// quote stands twice, so that one that ends it is the last of an odd number.
std::optional<std::string> rest_of_name(std::string_view text) {
    std::string name;
    for (std::size_t begin = 0;;) {
        const std::size_t end = text.find('"', begin);
        if (end == std::string_view::npos) return std::nullopt;
        const std::size_t quotes = quotes_at(text, end);
        name.append(text, begin, end - begin).append(quotes / 2, '"');
        if (quotes % 2 != 0) return name;
        begin = end + quotes;
    }
}

// Of quotes in a row, each may begin a name. `behind` is what follows them.
template <class Tell>
void tell_quoted(std::size_t quotes, std::string_view behind, std::size_t longest, Tell tell) {
    const std::optional<std::string> rest = rest_of_name(behind);
    for (std::size_t left = quotes; left-- > 0;) {
        const bool goes_on = left % 2 == 0;  // or the last of them ends it
        if (goes_on && !rest) continue;
        if (left / 2 + (goes_on ? rest->size() : 0) > longest) continue;
        std::string name(left / 2, '"');
        if (goes_on) name += *rest;
        tell(std::move(name));
    }
}

// Parts of a run of what words consist of that may be a name where the delimiter of a dollar quote
// touches it, as in `$$EXECUTE s1$$` and `$q$s1`: what stands between two `$`, and what may have
// one itself and has a delimiter on one side only.
template <class Act>
void for_each_part(std::string_view run, Act act) {
    constexpr std::size_t longest_name = 63;
    for (std::size_t mark = run.find('$'), begin = 0; mark != std::string_view::npos;) {
        if (mark > begin) act(run.substr(begin, mark - begin));
        if (mark <= longest_name) act(run.substr(0, mark));
        begin = mark + 1;
        if (run.size() - begin <= longest_name) act(run.substr(begin));
        mark = run.find('$', begin);
    }
}

}  // namespace

std::optional<std::string> only_deallocated(std::string_view sql) {
    SqlReader reader(sql);
    reader.skip_empty_statements();
    if (!reader.take_word("deallocate")) return std::nullopt;
    SqlReader behind = reader;
    // The name may be "prepare" itself.
    if (behind.take_word("prepare") && !behind.at_end_of_statement()) reader = behind;
    if (reader.ahead().is_word("all")) return std::nullopt;
    std::optional<std::string> name = name_of(reader.take());
    return reader.at_end_of_statement() && reader.is_in_last_statement() ? name : std::nullopt;
}

void for_each_possible_name(std::string_view sql, std::size_t longest,
                            const std::function<void(std::string_view)>& act) {
    std::unordered_set<std::string> seen;
    const auto tell = [&](std::string name) {
        if (name.size() > longest) return;
        if (const auto [place, is_new] = seen.insert(std::move(name)); is_new) act(*place);
    };
    // A name of nothing but quotes takes twice its length.
    const std::size_t furthest = std::min<std::size_t>(2 * longest + 2, 1024);
    while (!sql.empty()) {
        if (sql.front() == '"') {
            const std::size_t quotes = quotes_at(sql, 0);
            tell_quoted(quotes, sql.substr(quotes, furthest), longest, tell);
            sql.remove_prefix(quotes);
        } else if (continues_identifier(sql.front())) {
            const std::string_view word = take_word(sql);
            const auto tell_both = [&](std::string_view name) {
                if (name.empty() || name.size() > longest) return;
                tell(std::string(name));
                tell(in_lower_case(name));
            };
            tell_both(word);
            for_each_part(word, tell_both);
        } else {
            sql.remove_prefix(1);
        }
    }
}

}  // namespace pgweir::protocol
