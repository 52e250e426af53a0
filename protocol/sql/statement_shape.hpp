// What the text of a statement tells of how it is run.
#pragma once

#include <cstddef>
#include <string_view>

namespace pgweir::protocol {

/// How many parameters a statement of the extended protocol has whose Parse tells no types: the
/// highest $n in it.
[[nodiscard]] std::size_t parameter_count(std::string_view sql);

/// Whether this is plainly one of the statements that return no rows, whatever they are about.
/// False is no answer.
[[nodiscard]] bool returns_no_rows(std::string_view sql);

/// Whether this may be one of the statements that PostgreSQL runs in no transaction block and no
/// pipeline (manual, "Pipelining" of "Message Flow"): nothing goes in front of it.
[[nodiscard]] bool runs_alone(std::string_view sql);

/// Whether this statement, or the first of several, may run code of the database's, by its first
/// word.
[[nodiscard]] bool may_run_code(std::string_view sql);

/// Whether the text says plainly, outside of strings, that something is temporary: TEMP, TEMPORARY,
/// pg_temp.
[[nodiscard]] bool names_temporary(std::string_view sql);

}  // namespace pgweir::protocol
