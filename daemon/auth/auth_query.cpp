#include "daemon/auth/auth_query.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "pool/connect/server_connector.hpp"

namespace pgweir::daemon {

namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Timer = asio::basic_waitable_timer<pool::Clock, asio::wait_traits<pool::Clock>, Executor>;

struct ClearResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

// What a wait and its timeout share.
struct Progress {
    Descriptor* waiting = nullptr;
    bool timed_out = false;
};

AuthAnswer failure(std::string problem) {
    while (!problem.empty() && problem.back() == '\n') problem.pop_back();
    std::ranges::replace(problem, '\n', ' ');
    return {.status = AuthAnswer::Status::failed, .problem = std::move(problem)};
}

Task<> wait_for(asio::io_context& io, PGconn* connection, bool to_read, Progress& progress) {
    Descriptor descriptor(io.get_executor(), PQsocket(connection));
    progress.waiting = &descriptor;
    co_await descriptor.async_wait(to_read ? Descriptor::wait_read : Descriptor::wait_write,
                                   as_result);
    progress.waiting = nullptr;
    descriptor.release();
}

// All results of the query that was sent, of which the last with something to say counts. Null: the
// connection is lost, or the time is up.
Task<ResultPtr> fetch(asio::io_context& io, PGconn* connection, Progress& progress) {
    ResultPtr last;
    while (true) {
        const int unsent = PQflush(connection);
        if (unsent < 0 || progress.timed_out) co_return nullptr;
        if (unsent > 0) {
            co_await wait_for(io, connection, false, progress);
            continue;
        }
        while (PQisBusy(connection) == 0) {
            ResultPtr result(PQgetResult(connection));
            if (!result) co_return last;
            last = std::move(result);
        }
        co_await wait_for(io, connection, true, progress);
        if (progress.timed_out || PQconsumeInput(connection) == 0) co_return nullptr;
    }
}

// PgBouncer's convention: the user's name, then the secret. The name is compared, so that a query
// that finds somebody else lets nobody in by his password.
AuthAnswer read_answer(PGresult* result, const std::string& user) {
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        return failure(std::string("auth_query failed: ") + PQresultErrorMessage(result));
    }
    if (PQnfields(result) < 2) {
        return failure("auth_query must return two columns: the user's name and the secret");
    }
    if (PQntuples(result) > 1) return failure("auth_query returned more than one row");
    if (PQntuples(result) == 0 || PQgetisnull(result, 0, 0) != 0 ||
        user != PQgetvalue(result, 0, 0)) {
        return {.status = AuthAnswer::Status::no_user};
    }
    if (PQgetisnull(result, 0, 1) != 0) {
        return {.status = AuthAnswer::Status::no_user, .has_user = true};
    }
    return {
        .status = AuthAnswer::Status::found, .has_user = true, .secret = PQgetvalue(result, 0, 1)};
}

}  // namespace

void AuthQuery::ask(AuthQuerySource source, std::string user, Done done) {
    asio::post(io_.get_executor(), [this, source = std::move(source), user = std::move(user),
                                    done = std::move(done)]() mutable {
        take(std::move(source), user, std::move(done));
    });
}

void AuthQuery::forget(const AuthQuerySource& source, const std::string& user) {
    asio::post(io_.get_executor(), [this, source, user] {
        if (Link* link = find(source)) link->remembered.erase(user);
    });
}

AuthQuery::Link* AuthQuery::find(const AuthQuerySource& source) {
    const auto found = std::ranges::find_if(
        links_, [&](const std::shared_ptr<Link>& link) { return link->source == source; });
    return found == links_.end() ? nullptr : found->get();
}

std::optional<AuthAnswer> AuthQuery::recall(const Link& link, const std::string& user) {
    const auto found = link.remembered.find(user);
    if (found == link.remembered.end() || found->second.until <= Clock::now()) return std::nullopt;
    AuthAnswer answer = found->second.answer;
    answer.remembered = true;
    return answer;
}

void AuthQuery::take(AuthQuerySource source, const std::string& user, Done done) {
    Link* known = find(source);
    if (known == nullptr) {
        known = links_.emplace_back(std::make_shared<Link>(std::move(source))).get();
    }
    known->used_at = Clock::now();
    if (const auto remembered = recall(*known, user)) {
        done(*remembered);
        return;
    }
    std::vector<Done>& waiting = known->asked[user];
    if (waiting.empty()) known->queue.push_back(user);
    waiting.push_back(std::move(done));
    if (std::exchange(known->busy, true)) return;
    const auto link = *std::ranges::find(links_, known, &std::shared_ptr<Link>::get);
    asio::co_spawn(io_.get_executor(), work(link), asio::detached);
}

// Answers one user after the other: the connection carries one query at a time.
Task<> AuthQuery::work(std::shared_ptr<Link> link) {
    while (!link->queue.empty()) {
        const std::string user = link->queue.front();
        link->queue.pop_front();
        // Who asks for the same user from now on may know of a later password.
        const auto waiting = link->asked.extract(user);
        const std::optional<AuthAnswer> remembered = recall(*link, user);
        if (remembered) {
            for (const Done& done : waiting.mapped()) done(*remembered);
            continue;
        }
        const AuthAnswer answer = co_await look_up(*link, user);
        const auto now = Clock::now();
        link->used_at = now;
        const auto keep = link->source.cache_time;
        if (answer.status != AuthAnswer::Status::failed && keep.count() > 0 &&
            link->remembered.size() < max_remembered) {
            link->remembered[user] = {.answer = answer, .until = now + keep};
        }
        for (const Done& done : waiting.mapped()) done(answer);
    }
    link->busy = false;
    // Clients choose the names of databases: what came to nothing leaves nothing behind.
    if (!link->connection && link->remembered.empty()) std::erase(links_, link);
}

Task<AuthAnswer> AuthQuery::look_up(Link& link, const std::string& user) {
    // A connection that was kept may have died meanwhile: that is worth one more attempt.
    for (const bool again : {true, false}) {
        const bool kept = link.connection != nullptr;
        if (!kept) {
            const AuthAnswer refused = co_await connect(link);
            if (!link.connection) co_return refused;
        }
        const auto progress = std::make_shared<Progress>();
        Timer timer(io_.get_executor());
        if (link.source.timeout.count() > 0) {
            timer.expires_after(link.source.timeout);
            timer.async_wait([progress](error_code error) {
                if (error) return;
                progress->timed_out = true;
                if (progress->waiting != nullptr) progress->waiting->cancel();
            });
        }
        PGconn* connection = link.connection.get();
        const std::array<const char*, 1> values{user.c_str()};
        const int sent = PQsendQueryParams(connection, link.source.query.c_str(), 1, nullptr,
                                           values.data(), nullptr, nullptr, 0);
        ResultPtr result;
        if (sent == 1) result = co_await fetch(io_, connection, *progress);
        const bool usable = result != nullptr && PQstatus(connection) == CONNECTION_OK &&
                            PQtransactionStatus(connection) == PQTRANS_IDLE;
        AuthAnswer answer = result ? read_answer(result.get(), user)
                            : progress->timed_out
                                ? failure("auth_query took longer than auth_query_timeout")
                                : failure(PQerrorMessage(connection));
        if (!usable) link.connection.reset();
        if (usable || progress->timed_out || !kept || !again) co_return answer;
    }
    co_return failure("auth_query lost its connection twice");
}

// Afterwards the link has a connection, or the answer says why not.
Task<AuthAnswer> AuthQuery::connect(Link& link) {
    pool::ConnectResult result = co_await pool::connect_server(io_, link.source.connection, nullptr,
                                                               link.source.connect_timeout);
    if (!result.connection) {
        const auto& from_server = result.failure.from_server;
        AuthAnswer answer =
            failure("auth_query cannot connect: " +
                    (from_server ? from_server->message : result.failure.explanation));
        answer.from_server = from_server;
        co_return answer;
    }
    link.connection = std::move(result.connection->connection);
    PQsetnonblocking(link.connection.get(), 1);
    co_return AuthAnswer{};
}

void AuthQuery::sweep() {
    asio::post(io_.get_executor(), [this] { sweep_now(Clock::now()); });
}

void AuthQuery::sweep_now(Clock::time_point now) {
    for (const auto& link : links_) {
        std::erase_if(link->remembered,
                      [now](const auto& item) { return item.second.until <= now; });
        if (!link->busy && now - link->used_at >= keep_connection) link->connection.reset();
    }
    std::erase_if(links_, [now](const std::shared_ptr<Link>& link) {
        return !link->busy && link->remembered.empty() && now - link->used_at >= keep_connection;
    });
}

}  // namespace pgweir::daemon
