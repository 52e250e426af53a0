#include "pool/session/channel_sql.hpp"

#include <algorithm>
#include <boost/algorithm/hex.hpp>
#include <iterator>

namespace pgweir::pool {

namespace {

// The channel as an identifier that stands for exactly these bytes.
std::string statement_on(std::string_view command, std::string_view channel) {
    std::string sql(command);
    sql += " \"";
    for (const char c : channel) {
        if (c == '"') sql += c;
        sql += c;
    }
    return sql += '"';
}

}  // namespace

std::string listen_sql(std::string_view channel) {
    return statement_on("LISTEN", channel);
}

std::string unlisten_sql(std::string_view channel) {
    return statement_on("UNLISTEN", channel);
}

std::string listen_in_server_encoding_sql(std::string_view channel) {
    const auto is_ascii = [](char c) { return (static_cast<unsigned char>(c) & 0x80U) == 0; };
    if (std::ranges::all_of(channel, is_ascii)) return listen_sql(channel);
    std::string digits;
    boost::algorithm::hex_lower(channel, std::back_inserter(digits));
    return "DO $pgweir$BEGIN EXECUTE pg_catalog.format('LISTEN %I',pg_catalog.convert_from("
           "pg_catalog.decode('" +
           digits + "','hex'),pg_catalog.getdatabaseencoding()));END$pgweir$";
}

std::vector<std::string> marker_sql(std::string_view marker_channel, std::string_view token) {
    std::string notify = statement_on("NOTIFY", marker_channel);
    return {listen_sql(marker_channel), notify.append(",'").append(token).append("'")};
}

std::string joined(const std::vector<std::string>& statements) {
    std::string sql;
    for (const std::string& statement : statements) sql += statement + ';';
    return sql;
}

}  // namespace pgweir::pool
