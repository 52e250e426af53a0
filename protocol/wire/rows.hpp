// Result sets that pgweir itself gives: RowDescription, DataRow and what ends them.
//
// PostgreSQL manual, "Message Formats" (protocol-message-formats.html).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// The types of the columns that pgweir gives; the values are PostgreSQL's OIDs (pg_type.dat).
enum class ColumnType : std::uint32_t { int8 = 20, int4 = 23, text = 25, numeric = 1700 };

struct Column {
    std::string_view name;
    ColumnType type = ColumnType::text;
    friend bool operator==(const Column&, const Column&) = default;
};

/// How a value is written (manual, "Formats and Format Codes").
enum class Format : std::uint8_t { text = 0, binary = 1 };

/// NULL, a number or a text. A number may stand in a column of any type; a text in one of type
/// text only.
using Cell = std::variant<std::monostate, std::int64_t, std::string>;
using Row = std::vector<Cell>;

/// `formats` is as in a Bind: none (all are text), one for all columns, or one for each.
void append_row_description(std::string& out, std::span<const Column> columns,
                            std::span<const Format> formats);
/// `row` has one cell for each of `columns`. A number too large for an int4 column is given as the
/// largest that fits.
void append_data_row(std::string& out, std::span<const Column> columns, const Row& row,
                     std::span<const Format> formats);
void append_command_complete(std::string& out, std::string_view tag);
/// Of a statement without parameters, or with those of the OIDs given.
void append_parameter_description(std::string& out, std::span<const std::uint32_t> types);

/// Messages that are only a type: ParseComplete, BindComplete, CloseComplete, NoData,
/// PortalSuspended, EmptyQueryResponse.
void append_bare(std::string& out, Backend type);

}  // namespace pgweir::protocol
