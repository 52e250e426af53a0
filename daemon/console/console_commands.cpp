// The commands that change something, or wait.
#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <cstdint>

#include "conf/file/wording.hpp"
#include "conf/options/setting_change.hpp"
#include "daemon/console/console.hpp"
#include "daemon/console/gathering.hpp"

namespace pgweir::daemon::console {

namespace sqlstate = protocol::sqlstate;

namespace {

constexpr std::string_view successful = "00000";

ErrorReport notice(std::string message) {
    return {.severity = "NOTICE", .code = std::string(successful), .message = std::move(message)};
}

ErrorReport warning(std::string message) {
    return {.severity = "WARNING",
            .code = std::string(sqlstate::warning),
            .message = std::move(message)};
}

Answer not_now(std::string message) {
    return Answer::failed(sqlstate::object_not_in_prerequisite_state, std::move(message));
}

Answer withdrawn() {
    return Answer::failed(sqlstate::query_canceled, "canceling statement due to user request");
}

// What the operator is told of a reload: a notice for each change, or one error with all problems.
Answer told(const ReloadReport& report, std::string_view tag) {
    Answer answer = Answer::done(tag);
    for (const std::string& change : report.changes) answer.notices.push_back(notice(change));
    for (const std::string& change : report.needs_restart) {
        answer.notices.push_back(warning(change + " (needs a restart)"));
    }
    for (const std::string& text : report.warnings) answer.notices.push_back(warning(text));
    if (report.applied()) return answer;
    std::string problems;
    for (const conf::Problem& problem : report.problems) {
        problems += (problems.empty() ? "" : "\n") + problem.to_string();
    }
    answer =
        Answer::failed(sqlstate::config_file_error,
                       "RELOAD failed, see logs for additional details", "Nothing was changed.");
    answer.error->detail = std::move(problems);
    return answer;
}

}  // namespace

// Lets time pass; how often what is waited for is looked at.
Task<> Console::wait_a_moment() {
    asio::basic_waitable_timer<pool::Clock, asio::wait_traits<pool::Clock>, Executor> timer(
        io_.get_executor(), std::chrono::milliseconds(20));
    co_await timer.async_wait(as_result);
}

// Why no command can be about this database, in PgBouncer's words; nothing: one can.
std::optional<Answer> Console::unknown_database(const std::string& name) const {
    if (name.empty()) return std::nullopt;
    if (is_console(name)) return not_now("the console itself cannot be meant");
    if (operations_.config()->find_database(name) != nullptr) return std::nullopt;
    if (!operations_.registry().pools_of(&name).empty()) return std::nullopt;
    return Answer::failed(sqlstate::protocol_violation, "no such database: " + name);
}

Task<Answer> Console::pause(const Order& order) {
    const std::string& name = order.command.argument;
    const std::string* const database = name.empty() ? nullptr : &name;
    pool::Registry& registry = operations_.registry();
    const pool::DatabaseSwitches& switches = registry.switches();
    if (switches.all_are_paused() || (database && switches.is_paused_alone(name))) {
        co_return not_now("it is paused already");
    }
    registry.pause(database, true);
    while (true) {
        const bool over = std::ranges::none_of(views_of(registry), [&](const PoolView& pool) {
            return (database == nullptr || pool.database() == name) && pool.servers() > 0;
        });
        if (over) co_return Answer::done("PAUSE");
        co_await wait_a_moment();
        const bool paused = database ? switches.is_paused(name) : switches.all_are_paused();
        if (!paused) co_return not_now("RESUME came before all servers were free");
        if (order.withdrawn) {
            registry.pause(database, false);
            co_return withdrawn();
        }
    }
}

// As PAUSE, but what is under way is not waited for.
Answer Console::suspend() {
    if (operations_.registry().switches().all_are_paused()) {
        return not_now("pgweir is paused already");
    }
    operations_.registry().suspend();
    return Answer::done("SUSPEND");
}

Answer Console::resume(const std::string& name) {
    if (operations_.is_shutting_down()) {
        return Answer::failed(sqlstate::protocol_violation, "pooler is shutting down");
    }
    const std::string* const database = name.empty() ? nullptr : &name;
    const pool::DatabaseSwitches& switches = operations_.registry().switches();
    if (database ? !switches.is_paused_alone(name) : !switches.all_are_paused()) {
        return not_now(database ? "database " + conf::in_quotes(name) + " is not paused"
                                : "pgweir is not paused");
    }
    operations_.registry().pause(database, false);
    return Answer::done("RESUME");
}

Answer Console::reconnect(const std::string& name) {
    const std::string* const database = name.empty() ? nullptr : &name;
    for (const auto& pool : operations_.registry().pools_of(database)) pool->reconnect();
    return Answer::done("RECONNECT");
}

Answer Console::kill(const std::string& name) {
    const std::string* const database = name.empty() ? nullptr : &name;
    pool::Registry& registry = operations_.registry();
    registry.pause(database, true);
    for (WorkerOperations* const worker : operations_.workers()) {
        worker->kill_clients(database ? std::optional(name) : std::nullopt);
    }
    for (const auto& pool : registry.pools_of(database)) pool->close_servers();
    return Answer::done("KILL");
}

Task<Answer> Console::kill_client(const std::string& number) {
    // Both errors are as PgBouncer has them.
    const char* const end = number.data() + number.size();
    std::uint64_t id = 0;
    if (const auto read = std::from_chars(number.data(), end, id);
        read.ptr != end || read.ec != std::errc()) {
        co_return Answer::failed(sqlstate::protocol_violation, "invalid client pointer supplied",
                                 "See the column id of SHOW CLIENTS.");
    }
    const std::vector<WorkerOperations*> workers = operations_.workers();
    const auto search = std::make_shared<Gathering<bool>>(io_, workers.size());
    for (WorkerOperations* const worker : workers) worker->kill_client(id, search->reply());
    const std::vector<bool> found = co_await search->all();
    if (std::ranges::find(found, true) != found.end()) co_return Answer::done("KILL_CLIENT");
    co_return Answer::failed(sqlstate::protocol_violation, "client not found",
                             "There is no client " + number + ": see SHOW CLIENTS.");
}

Task<Answer> Console::wait_close(const Order& order) {
    const std::string& name = order.command.argument;
    while (true) {
        bool over = false;
        {
            const Snapshot snapshot = co_await take_snapshot(true, false);
            over = std::ranges::none_of(snapshot.servers, [&](const pool::ServerView& server) {
                return server.close_needed && (name.empty() || server.database == name);
            });
        }
        if (over) co_return Answer::done("WAIT_CLOSE");
        if (order.withdrawn) co_return withdrawn();
        co_await wait_a_moment();
    }
}

Answer Console::set(const Order& order) {
    const std::string& name = order.command.argument;
    const auto setting = conf::find_named_setting(in_lower_case(name));
    if (!setting) {
        return Answer::failed(sqlstate::undefined_object,
                              "unrecognized configuration parameter " + conf::in_quotes(name) +
                                  conf::did_you_mean(name, conf::setting_names()),
                              "See SHOW CONFIG.");
    }
    if (!conf::can_be_changed(*setting)) {
        return Answer::failed(sqlstate::cant_change_runtime_param,
                              std::string(setting->name) + " cannot be changed by SET",
                              "Change it in the configuration file.");
    }
    if (conf::decides_who_comes_in(*setting) && !order.is_private) {
        return Answer::failed(sqlstate::insufficient_privilege,
                              std::string(setting->name) +
                                  " decides who may come in: SET changes it over TLS or by a Unix "
                                  "socket only");
    }
    const ReloadReport report = operations_.set(*setting, order.command.value);
    if (report.applied()) return told(report, "SET");
    return Answer::failed(sqlstate::invalid_parameter_value, report.problems.front().message);
}

Answer Console::shut_down(const std::string& way) {
    if (operations_.is_shutting_down() && !way.empty()) {
        return not_now("pgweir is shutting down already");
    }
    const ShutdownWay meant = way == "WAIT_FOR_SERVERS"   ? ShutdownWay::when_servers_are_free
                              : way == "WAIT_FOR_CLIENTS" ? ShutdownWay::when_clients_have_left
                                                          : ShutdownWay::at_once;
    // The answer goes on its way first.
    asio::post(io_.get_executor(), [this, meant] { operations_.shut_down(meant); });
    return Answer::done("SHUTDOWN");
}

Task<Answer> Console::carry_out(const Order& order) {
    const Command& command = order.command;
    const std::string& argument = command.argument;
    const bool names_database = command.entry->argument == Argument::database ||
                                command.entry->argument == Argument::optional_database;
    if (names_database) {
        if (auto problem = unknown_database(argument)) co_return *std::move(problem);
    }
    switch (command.entry->verb) {
        case Verb::show:
            co_return co_await show(*command.show);
        case Verb::pause:
            co_return co_await pause(order);
        case Verb::resume:
            co_return resume(argument);
        case Verb::disable:
        case Verb::enable:
            operations_.registry().disable(argument, command.entry->verb == Verb::disable);
            co_return Answer::done(command.entry->word);
        case Verb::reconnect:
            co_return reconnect(argument);
        case Verb::kill:
            co_return kill(argument);
        case Verb::kill_client:
            co_return co_await kill_client(argument);
        case Verb::wait_close:
            co_return co_await wait_close(order);
        case Verb::reload:
            co_return told(operations_.reload(), "RELOAD");
        case Verb::set:
            co_return set(order);
        case Verb::shutdown:
            co_return shut_down(argument);
        case Verb::suspend:
            co_return suspend();
    }
    co_return Answer::failed(sqlstate::syntax_error, "unknown command");
}

}  // namespace pgweir::daemon::console
