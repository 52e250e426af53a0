// What the clients of `load` send.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace pgweir::bench {

/// How a statement is run: pgbench's words (its option -M).
enum class Mode : std::uint8_t {
    simple,    ///< one Query
    extended,  ///< Parse, Bind, Describe, Execute, Sync with the unnamed statement
    prepared,  ///< Bind, Describe, Execute, Sync with a statement that was parsed at the start
};

struct Statement {
    std::string query;  ///< with at most one parameter, $1
    std::string value;  ///< of that parameter
};

/// Bytes ready to be sent, the same for every client.
struct Requests {
    std::string login;    ///< the StartupMessage
    std::string prepare;  ///< once, behind the login; empty: nothing
    std::string batch;    ///< again and again: `pipeline` transactions, each with its ReadyForQuery
};

[[nodiscard]] Requests make_requests(Mode mode, const Statement& statement, std::size_t pipeline,
                                     const std::string& user, const std::string& database);

}  // namespace pgweir::bench
