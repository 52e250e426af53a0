// Messages as pgbench and a PostgreSQL exchange them, for the benchmarks.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/rows.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::bench {

inline constexpr std::string_view select_only =
    "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;";

/// Parse, Bind, Describe, Execute, Sync.
inline std::string extended_request() {
    using namespace std::string_view_literals;
    std::string out;
    protocol::append_parse(out, "", "SELECT abalance FROM pgbench_accounts WHERE aid = $1;",
                           "\0\0"sv);
    constexpr std::string_view rest = "\0\0\0\1\0\0\0\0044711\0\0"sv;
    protocol::append_bind_head(out, "", "", rest.size());
    out += rest;
    protocol::append_describe(out, {.kind = 'P', .name = ""});
    protocol::append_execute(out, "");
    protocol::append_sync(out);
    return out;
}

/// What answers a Query that has `rows` rows.
inline std::string simple_answer(std::size_t rows) {
    const std::array columns{protocol::Column{"abalance", protocol::ColumnType::int4}};
    std::string out;
    protocol::append_row_description(out, columns, {});
    for (std::size_t i = 0; i < rows; ++i) {
        protocol::append_data_row(out, columns, {std::int64_t{0}}, {});
    }
    protocol::append_command_complete(out, "SELECT " + std::to_string(rows));
    protocol::append_ready_for_query(out, protocol::TransactionStatus::idle);
    return out;
}

}  // namespace pgweir::bench
