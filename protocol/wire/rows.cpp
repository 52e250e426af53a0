#include "protocol/wire/rows.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "protocol/wire/message_writer.hpp"

namespace pgweir::protocol {

namespace {

using Number = std::int64_t;

void append_uint16(std::string& out, std::uint64_t value) {
    out.push_back(static_cast<char>(value >> 8U & 0xffU));
    out.push_back(static_cast<char>(value & 0xffU));
}

Format format_of(std::span<const Format> formats, std::size_t column) {
    if (formats.empty()) return Format::text;
    return formats.size() == 1 ? formats.front() : formats[column];
}

// pg_type.typlen.
std::uint64_t size_of(ColumnType type) {
    if (type == ColumnType::int4) return 4;
    if (type == ColumnType::int8) return 8;
    return 0xffff;  // -1: it varies
}

Number as_int4(Number value) {
    using Limits = std::numeric_limits<std::int32_t>;
    return std::clamp<Number>(value, Limits::min(), Limits::max());
}

// A numeric as numeric_send() writes it: digits to the base 10000, the highest first.
void append_numeric(std::string& out, Number value) {
    const bool negative = value < 0;
    auto rest = static_cast<std::uint64_t>(value);
    if (negative) rest = 0 - rest;
    std::vector<std::uint64_t> digits;
    for (; rest != 0; rest /= 10'000) digits.push_back(rest % 10'000);
    append_uint16(out, digits.size());
    append_uint16(out, digits.empty() ? 0 : digits.size() - 1);  // the weight of the first
    append_uint16(out, negative ? 0x4000 : 0);
    append_uint16(out, 0);  // digits behind the point, when it is shown
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) append_uint16(out, *digit);
}

void append_binary(std::string& out, ColumnType type, Number value) {
    switch (type) {
        case ColumnType::int4:
            append_uint32(out, static_cast<std::uint32_t>(as_int4(value)));
            break;
        case ColumnType::int8:
            append_uint32(out,
                          static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) >> 32U));
            append_uint32(out, static_cast<std::uint32_t>(value));
            break;
        case ColumnType::numeric:
            append_numeric(out, value);
            break;
        case ColumnType::text:
            out += std::to_string(value);
            break;
    }
}

void append_cell(std::string& out, ColumnType type, const Cell& cell, Format format) {
    if (std::holds_alternative<std::monostate>(cell)) {
        append_uint32(out, 0xffffffffU);
        return;
    }
    const std::size_t length_at = out.size();
    append_uint32(out, 0);
    if (const auto* text = std::get_if<std::string>(&cell)) {
        out += *text;
    } else if (const Number value = std::get<Number>(cell); format == Format::binary) {
        append_binary(out, type, value);
    } else {
        out += std::to_string(type == ColumnType::int4 ? as_int4(value) : value);
    }
    write_uint32(out, length_at, static_cast<std::uint32_t>(out.size() - length_at - 4));
}

}  // namespace

void append_row_description(std::string& out, std::span<const Column> columns,
                            std::span<const Format> formats) {
    const Message message(out, Backend::row_description);
    append_uint16(out, columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
        append_cstring(out, columns[i].name);
        append_uint32(out, 0);  // no table
        append_uint16(out, 0);  // ... and no column of one
        append_uint32(out, static_cast<std::uint32_t>(columns[i].type));
        append_uint16(out, size_of(columns[i].type));
        append_uint32(out, 0xffffffffU);  // no type modifier
        append_uint16(out, static_cast<std::uint64_t>(format_of(formats, i)));
    }
}

void append_data_row(std::string& out, std::span<const Column> columns, const Row& row,
                     std::span<const Format> formats) {
    const Message message(out, Backend::data_row);
    append_uint16(out, columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
        append_cell(out, columns[i].type, row[i], format_of(formats, i));
    }
}

void append_command_complete(std::string& out, std::string_view tag) {
    const Message message(out, Backend::command_complete);
    append_cstring(out, tag);
}

void append_parameter_description(std::string& out, std::span<const std::uint32_t> types) {
    const Message message(out, Backend::parameter_description);
    append_uint16(out, types.size());
    for (const std::uint32_t type : types) append_uint32(out, type);
}

void append_bare(std::string& out, Backend type) {
    const Message message(out, type);
}

}  // namespace pgweir::protocol
