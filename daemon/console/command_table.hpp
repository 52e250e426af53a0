// The one table of the console's commands: the parser, the check of roles, SHOW HELP and the test
// of commands by role follow from it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/console/lexer.hpp"
#include "daemon/console/show_table.hpp"
#include "protocol/wire/error_report.hpp"

namespace pgweir::daemon::console {

enum class Verb : std::uint8_t {
    show,
    pause,
    resume,
    disable,
    enable,
    reconnect,
    kill,
    kill_client,
    wait_close,
    reload,
    set,
    shutdown,
    suspend,
};

/// What may stand behind a command's first word.
enum class Argument : std::uint8_t {
    none,
    database,           ///< a name
    optional_database,  ///< a name, or nothing for all of them
    client,             ///< a number
    show,               ///< the name of a Show
    shutdown,           ///< nothing, WAIT_FOR_SERVERS or WAIT_FOR_CLIENTS
    assignment,         ///< `key = value` or `key TO value`
};

/// Who may do what. Each may do what those before it may.
enum class Role : std::uint8_t { stats, admin };

struct CommandEntry {
    Verb verb;
    std::string_view word;
    Argument argument;
    Role role;
    std::string_view syntax;  ///< for SHOW HELP
    std::string_view help;    ///< one sentence
};

[[nodiscard]] std::span<const CommandEntry> command_table();

/// A command that can be carried out.
struct Command {
    const CommandEntry* entry = nullptr;
    std::string argument;        ///< the database, the client's number, the key; in upper case the
                                 ///< way of a SHUTDOWN; empty: none
    std::string value;           ///< of an assignment
    const Show* show = nullptr;  ///< of SHOW

    [[nodiscard]] bool changes_something() const { return entry->verb != Verb::show; }
    /// As it stands in the log: "PAUSE app"; without a secret.
    [[nodiscard]] std::string to_string() const;
};

/// Takes a statement that is one of the table's. The error otherwise says what is wrong with it.
[[nodiscard]] std::variant<Command, protocol::ErrorReport> parse_command(const Tokens& statement);

/// What SHOW HELP says: one line each.
[[nodiscard]] std::string help_text();

}  // namespace pgweir::daemon::console
