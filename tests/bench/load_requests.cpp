#include "load_requests.hpp"

#include <cstdint>

#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/message_writer.hpp"
#include "protocol/wire/serialize.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::bench {

namespace {

using protocol::Bytes;

constexpr std::string_view parameter = "$1";
constexpr Bytes no_types{"\0\0", 2};

bool has_parameter(const Statement& statement) {
    return statement.query.find(parameter) != std::string::npos;
}

std::string startup_message(const std::string& user, const std::string& database) {
    std::string out;
    {
        const protocol::LengthField length(out);
        protocol::append_uint32(out, protocol::protocol_3_0);
        for (const std::string_view word :
             {std::string_view("user"), std::string_view(user), std::string_view("database"),
              std::string_view(database), std::string_view()}) {
            protocol::append_cstring(out, word);
        }
    }
    return out;
}

std::string with_value(const Statement& statement) {
    std::string query = statement.query;
    if (has_parameter(statement)) {
        query.replace(query.find(parameter), parameter.size(), statement.value);
    }
    return query;
}

// Formats and values of a Bind, all as text.
std::string bind_rest(const Statement& statement) {
    std::string rest("\0\0", 2);
    if (has_parameter(statement)) {
        rest.append("\0\1", 2);
        protocol::append_uint32(rest, static_cast<std::uint32_t>(statement.value.size()));
        rest += statement.value;
    } else {
        rest.append("\0\0", 2);
    }
    return rest.append("\0\0", 2);
}

void append_run(std::string& out, Bytes name, const Statement& statement) {
    const std::string rest = bind_rest(statement);
    protocol::append_bind_head(out, "", name, rest.size());
    out += rest;
    protocol::append_describe(out, {.kind = 'P', .name = ""});
    protocol::append_execute(out, "");
    protocol::append_sync(out);
}

void append_transaction(std::string& out, Mode mode, const Statement& statement, Bytes name) {
    switch (mode) {
        case Mode::simple:
            protocol::append_query(out, with_value(statement));
            break;
        case Mode::extended:
            protocol::append_parse(out, "", statement.query, no_types);
            append_run(out, "", statement);
            break;
        case Mode::prepared:
            append_run(out, name, statement);
            break;
    }
}

}  // namespace

Requests make_requests(Mode mode, const Statement& statement, std::size_t pipeline,
                       const std::string& user, const std::string& database) {
    constexpr Bytes name = "load_1";
    Requests requests;
    requests.login = startup_message(user, database);
    if (mode == Mode::prepared) {
        protocol::append_parse(requests.prepare, name, statement.query, no_types);
        protocol::append_sync(requests.prepare);
    }
    for (std::size_t i = 0; i < pipeline; ++i) {
        append_transaction(requests.batch, mode, statement, name);
    }
    return requests;
}

}  // namespace pgweir::bench
