#include "pool/session/request_writer.hpp"

namespace pgweir::pool {

namespace {

constexpr std::string_view own_statement = "pgweir_own";

// No formats, no values, no result formats.
constexpr Bytes no_values{"\0\0\0\0\0\0", 6};

}  // namespace

// The first Close is for what has failed before; the last ones, so that the client does not find it
// in pg_cursors and pg_prepared_statements.
void RequestWriter::run(Origin origin, std::string_view sql) {
    close(origin, own_statement);
    parse(origin, own_statement, sql, no_types);
    bind_and_execute(origin, own_statement);
    close(origin, own_statement, {}, 'P');
    close(origin, own_statement);
}

void RequestWriter::run_unnamed(Origin origin, std::string_view sql) {
    parse(origin, {}, sql, no_types);
    bind_and_execute(origin, {});
}

// The portal has the statement's name.
void RequestWriter::bind_and_execute(Origin origin, Bytes name) {
    note(Frontend::bind, origin);
    note(Frontend::execute, origin);
    append([&](std::string& own) {
        protocol::append_bind_head(own, name, name, no_values.size());
        own += no_values;
        protocol::append_execute(own, name);
    });
}

}  // namespace pgweir::pool
