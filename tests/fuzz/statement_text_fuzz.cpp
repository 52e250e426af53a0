// Any text as a statement, as the body of an extended query's message, and as a row of an answer:
// nothing may crash, read behind the end, or make more of it than there is.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "pool/session/session_state.hpp"
#include "protocol/sql/custom_settings.hpp"
#include "protocol/sql/normalised_text.hpp"
#include "protocol/sql/sql_reader.hpp"
#include "protocol/sql/statement_shape.hpp"
#include "protocol/wire/data_row.hpp"
#include "protocol/wire/extended_query.hpp"

namespace {

using namespace pgweir::protocol;

void require(bool condition) {
    if (!condition) std::abort();
}

void look_for_settings(std::string_view text) {
    std::vector<std::string> names;
    std::ignore = collect_custom_settings(text, names);
    for (const std::string& name : names) require(is_custom_setting_name(name));
    const std::size_t found = names.size();
    std::ignore = collect_custom_settings(text, names);
    require(names.size() == found);
    if (!is_custom_setting_name(text)) return;
    const NamesSeen seen =
        collect_custom_settings("SELECT set_config('" + std::string(text) + "', '', false)", names);
    require(!names.empty() || !seen.all());  // one that is too long to be kept is not seen
}

void normalise(std::string_view text) {
    for (const std::size_t limit : {0U, 7U, 200U, 100'000U}) {
        const std::string normalised = normalised_text(text, limit);
        require(normalised.size() <= limit && normalised.size() <= text.size());
    }
    // A constant is one, whatever is in it and whatever stands before it.
    std::string quoted = "'";
    for (const char c : text.substr(0, 100)) quoted.append(c == '\'' ? 2 : 1, c);
    // Where backslashes are not in doubt.
    if (reading_of("SELECT " + quoted + "' , b") == StandardConformingStrings::on)
        require(normalised_text("SELECT " + quoted + "' , b") == "SELECT ? , b");
    if (reading_of("SELECT $2, " + quoted + "', $1") == StandardConformingStrings::on)
        require(parameter_count("SELECT $2, " + quoted + "', $1") == 2);
    require(!returns_no_rows("SELECT " + quoted + "' , b"));
    std::ignore = parameter_count(text);
}

void take_apart(Bytes body) {
    if (const auto parse = parse_parse(body)) {
        std::string again;
        append_parse(again, parse->statement, parse->query, parse->types);
        require(Bytes(again).substr(header_size) == body);
    }
    if (const auto bind = parse_bind_head(body)) {
        std::string again;
        append_bind_head(again, bind->portal, bind->statement, bind->rest.size());
        again += bind->rest;
        require(Bytes(again).substr(header_size) == body);
    }
    if (const auto target = parse_target(body)) {
        std::string again;
        append_close(again, *target);
        require(Bytes(again).substr(header_size) == body);
    }
    std::size_t size = 0;
    for_each_value(body, [&](Bytes value) {
        require(value.data() >= body.data() &&
                value.data() + value.size() <= body.data() + body.size());
        size += value.size();
    });
    require(size <= body.size());
}

void read_rows(Bytes body) {
    if (const auto row = parse_data_row<3>(body)) {
        std::size_t size = 0;
        for (const auto& value : *row) size += value.value_or("").size();
        require(size <= body.size());
        require(parse_data_row<1>(body).has_value());
    }
    pgweir::pool::StateReader reader;
    reader.row(body, true);
    const pgweir::pool::SessionState state = reader.finish();
    // A row says something of the session, or keeps the client on its server.
    require(state.pins.any() || !state.settings.empty() || !state.channels.empty() ||
            !state.statements.empty() || state.channels_brought || state.had_temporary);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    look_for_settings(text);
    normalise(text);
    take_apart(text);
    read_rows(text);
    return 0;
}
