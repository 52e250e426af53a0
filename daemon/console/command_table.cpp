#include "daemon/console/command_table.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "conf/file/wording.hpp"
#include "conf/options/setting_name.hpp"

namespace pgweir::daemon::console {

using protocol::ErrorReport;
namespace sqlstate = protocol::sqlstate;

namespace {

constexpr std::array table{
    CommandEntry{.verb = Verb::show,
                 .word = "SHOW",
                 .argument = Argument::show,
                 .role = Role::stats,
                 .syntax = "SHOW name",
                 .help = "Shows what there is."},
    CommandEntry{
        .verb = Verb::pause,
        .word = "PAUSE",
        .argument = Argument::optional_database,
        .role = Role::admin,
        .syntax = "PAUSE [database]",
        .help = "Waits until every server is free, closes it, and lends none until RESUME."},
    CommandEntry{.verb = Verb::resume,
                 .word = "RESUME",
                 .argument = Argument::optional_database,
                 .role = Role::admin,
                 .syntax = "RESUME [database]",
                 .help = "Goes on after PAUSE or KILL."},
    CommandEntry{.verb = Verb::disable,
                 .word = "DISABLE",
                 .argument = Argument::database,
                 .role = Role::admin,
                 .syntax = "DISABLE database",
                 .help = "Lets no new client in; those who are there stay."},
    CommandEntry{.verb = Verb::enable,
                 .word = "ENABLE",
                 .argument = Argument::database,
                 .role = Role::admin,
                 .syntax = "ENABLE database",
                 .help = "Lets clients in again."},
    CommandEntry{.verb = Verb::reconnect,
                 .word = "RECONNECT",
                 .argument = Argument::optional_database,
                 .role = Role::admin,
                 .syntax = "RECONNECT [database]",
                 .help = "Replaces each server connection when it is next free."},
    CommandEntry{.verb = Verb::kill,
                 .word = "KILL",
                 .argument = Argument::optional_database,
                 .role = Role::admin,
                 .syntax = "KILL [database]",
                 .help = "Cuts off all clients and servers at once; new ones wait for RESUME."},
    CommandEntry{.verb = Verb::kill_client,
                 .word = "KILL_CLIENT",
                 .argument = Argument::client,
                 .role = Role::admin,
                 .syntax = "KILL_CLIENT id",
                 .help = "Cuts off the client with this id of SHOW CLIENTS."},
    CommandEntry{.verb = Verb::wait_close,
                 .word = "WAIT_CLOSE",
                 .argument = Argument::optional_database,
                 .role = Role::admin,
                 .syntax = "WAIT_CLOSE [database]",
                 .help = "Waits until what RECONNECT or RELOAD replaces is closed."},
    CommandEntry{.verb = Verb::reload,
                 .word = "RELOAD",
                 .argument = Argument::none,
                 .role = Role::admin,
                 .syntax = "RELOAD",
                 .help = "Reads the configuration anew, and tells what has changed or is wrong."},
    CommandEntry{.verb = Verb::set,
                 .word = "SET",
                 .argument = Argument::assignment,
                 .role = Role::admin,
                 .syntax = "SET key = value",
                 .help = "Changes an option of SHOW CONFIG until the next RELOAD."},
    CommandEntry{.verb = Verb::shutdown,
                 .word = "SHUTDOWN",
                 .argument = Argument::shutdown,
                 .role = Role::admin,
                 .syntax = "SHUTDOWN [WAIT_FOR_SERVERS | WAIT_FOR_CLIENTS]",
                 .help = "Ends at once, when all work is done, or when all clients have left."},
    CommandEntry{.verb = Verb::suspend,
                 .word = "SUSPEND",
                 .argument = Argument::none,
                 .role = Role::admin,
                 .syntax = "SUSPEND",
                 .help = "As PAUSE, but does not wait for what is under way. RESUME ends it."},
};

ErrorReport syntax_error(std::string message, std::string hint) {
    ErrorReport report = ErrorReport::error(sqlstate::syntax_error, std::move(message));
    report.hint = std::move(hint);
    return report;
}

ErrorReport wrong_use(const CommandEntry& entry) {
    return syntax_error("syntax error in " + std::string(entry.word),
                        "Write: " + std::string(entry.syntax) + ";");
}

ErrorReport unknown_command(const Token& first) {
    std::vector<std::string_view> words;
    words.reserve(table.size());
    for (const CommandEntry& entry : table) words.push_back(entry.word);
    const std::string written = in_upper_case(first.text);
    return syntax_error(
        "unknown command " + conf::in_quotes(first.text) + conf::did_you_mean(written, words),
        "This is pgweir's console, where there is no SQL: see SHOW HELP.");
}

ErrorReport unknown_show(const Token& name) {
    std::vector<std::string_view> names;
    for (const Show& show : show_table()) names.push_back(show.name);
    const std::string written = in_upper_case(name.text);
    ErrorReport report =
        ErrorReport::error(sqlstate::undefined_object, "unrecognized configuration parameter " +
                                                           conf::in_quotes(name.text) +
                                                           conf::did_you_mean(written, names));
    report.hint = "See SHOW HELP.";
    return report;
}

bool is_name(const Token& token) {
    return token.kind != Token::Kind::sign && !token.text.empty();
}

// `key = value`, `key TO value`: a value is one word or string, or nothing.
bool take_assignment(std::span<const Token> rest, Command& command) {
    if (rest.size() < 2 || rest.size() > 3 || !is_name(rest[0])) return false;
    if (!rest[1].is_sign('=') && !rest[1].is("TO")) return false;
    command.argument = rest[0].text;
    if (rest.size() == 3) command.value = rest[2].text;
    return rest.size() == 3;
}

bool take_shutdown(std::span<const Token> rest, Command& command) {
    if (rest.empty()) return true;
    command.argument = in_upper_case(rest[0].text);
    return rest.size() == 1 &&
           (command.argument == "WAIT_FOR_SERVERS" || command.argument == "WAIT_FOR_CLIENTS");
}

// Whether `rest` is what the command takes.
bool take_argument(std::span<const Token> rest, Command& command) {
    const bool one = rest.size() == 1 && is_name(rest[0]);
    switch (command.entry->argument) {
        case Argument::none:
            return rest.empty();
        case Argument::optional_database:
            if (rest.empty()) return true;
            [[fallthrough]];
        case Argument::database:
            if (one) command.argument = rest[0].text;
            return one;
        case Argument::client:
            if (one) command.argument = rest[0].text;
            return one;
        case Argument::show:
            if (one) command.show = find_show(in_upper_case(rest[0].text));
            return one;
        case Argument::shutdown:
            return take_shutdown(rest, command);
        case Argument::assignment:
            return take_assignment(rest, command);
    }
    return false;
}

}  // namespace

std::span<const CommandEntry> command_table() {
    return table;
}

std::string Command::to_string() const {
    std::string text(entry->word);
    if (show != nullptr) text += ' ' + std::string(show->name);
    if (!argument.empty()) text += ' ' + argument;
    if (entry->argument != Argument::assignment) return text;
    const auto setting = conf::find_named_setting(in_lower_case(argument));
    const bool is_secret =
        (setting && setting->option != nullptr && setting->option->secret) ||
        value.find("ldapbindpasswd") != std::string::npos;  // by a name that is no setting
    text += " = " + (is_secret ? "(secret)" : value);
    return text;
}

std::variant<Command, ErrorReport> parse_command(const Tokens& statement) {
    const Token& first = statement.front();
    const auto found = std::ranges::find_if(
        table, [&](const CommandEntry& entry) { return first.is(entry.word); });
    if (found == table.end()) return unknown_command(first);
    Command command{.entry = &*found};
    const auto rest = std::span(statement).subspan(1);
    if (!take_argument(rest, command)) return wrong_use(*found);
    if (found->argument == Argument::show && command.show == nullptr) return unknown_show(rest[0]);
    return command;
}

std::string help_text() {
    std::string names;
    for (const Show& show : show_table()) {
        names += (names.empty() ? "" : " | ") + std::string(show.name);
    }
    std::string text;
    for (const CommandEntry& entry : table) {
        const bool shows = entry.verb == Verb::show;
        text += "\n\t" + (shows ? "SHOW " + names : std::string(entry.syntax)) + "\n\t\t" +
                std::string(entry.help);
    }
    return text;
}

}  // namespace pgweir::daemon::console
