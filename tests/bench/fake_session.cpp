#include "fake_session.hpp"

#include <array>
#include <cstdint>
#include <variant>

#include "protocol/wire/rows.hpp"
#include "protocol/wire/serialize.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::bench {

namespace {

using protocol::Backend;
using protocol::Bytes;
using protocol::Frontend;

// All that is ever said, written once.
struct Replies {
    Replies() {
        const std::array columns{protocol::Column{"abalance", protocol::ColumnType::int4}};
        const std::array<std::uint32_t, 1> parameters{
            static_cast<std::uint32_t>(protocol::ColumnType::int4)};
        protocol::append_row_description(row_description, columns, {});
        protocol::append_parameter_description(statement_description, parameters);
        statement_description += row_description;
        protocol::append_data_row(result, columns, {std::int64_t{0}}, {});
        protocol::append_command_complete(result, "SELECT 1");
        protocol::append_ready_for_query(ready, protocol::TransactionStatus::idle);
        query = row_description + result + ready;
        no_rows = row_description;
        protocol::append_command_complete(no_rows, "SELECT 0");
        no_rows += ready;
        protocol::append_bare(parse_complete, Backend::parse_complete);
        protocol::append_bare(bind_complete, Backend::bind_complete);
        protocol::append_bare(close_complete, Backend::close_complete);
        write_greeting();
    }

    std::string greeting;
    std::string query;
    std::string no_rows;
    std::string row_description;
    std::string statement_description;
    std::string result;  ///< of Execute
    std::string ready;
    std::string parse_complete;
    std::string bind_complete;
    std::string close_complete;

  private:
    void write_greeting() {
        protocol::append_authentication_ok(greeting);
        for (const auto& [name, value] :
             {std::pair{"application_name", ""}, std::pair{"client_encoding", "UTF8"},
              std::pair{"DateStyle", "ISO, MDY"}, std::pair{"default_transaction_read_only", "off"},
              std::pair{"in_hot_standby", "off"}, std::pair{"integer_datetimes", "on"},
              std::pair{"IntervalStyle", "postgres"}, std::pair{"is_superuser", "off"},
              std::pair{"server_encoding", "UTF8"}, std::pair{"server_version", "15.0"},
              std::pair{"session_authorization", "app"},
              std::pair{"standard_conforming_strings", "on"}, std::pair{"TimeZone", "Etc/UTC"}}) {
            protocol::append_parameter_status(greeting, name, value);
        }
        protocol::append_backend_key_data(greeting, {.pid = 1, .secret = "key!"});
        greeting += ready;
    }
};

const Replies replies;

// Whether it is written by pgweir: clients of a benchmark do not qualify what they ask.
bool asks_catalogue(Bytes query) {
    return query.find("pg_catalog.") != Bytes::npos;
}

std::string_view answer_to(Frontend type, Bytes body) {
    switch (type) {
        case Frontend::query:
            return asks_catalogue(body) ? replies.no_rows : replies.query;
        case Frontend::parse:
            return replies.parse_complete;
        case Frontend::bind:
            return replies.bind_complete;
        case Frontend::describe:
            return body.starts_with('S') ? replies.statement_description : replies.row_description;
        case Frontend::execute:
            return replies.result;
        case Frontend::close:
            return replies.close_complete;
        case Frontend::sync:
            return replies.ready;
        default:
            return {};
    }
}

}  // namespace

std::optional<std::size_t> FakeSession::answer(Bytes input, std::string& answers) {
    const std::size_t all = input.size();
    while (!begun_) {
        const auto size = begin(input, answers);
        if (!size) return std::nullopt;
        if (*size == 0) return all - input.size();
        input.remove_prefix(*size);
    }
    while (true) {
        const protocol::Step step = scanner_.next(input);
        if (step.kind == protocol::Step::Kind::more) return all - input.size();
        const auto type = static_cast<Frontend>(step.type);
        if (step.kind == protocol::Step::Kind::invalid || type == Frontend::terminate) {
            return std::nullopt;
        }
        answers += answer_to(type, step.body);
        input.remove_prefix(step.size);
    }
}

// The first packets have no type. Returns the size of the one in front, 0 when it is not here yet.
// TLS is refused; who wants to cancel is sent away like who makes no sense.
std::optional<std::size_t> FakeSession::begin(Bytes input, std::string& answers) {
    if (input.size() < 4) return 0;
    const std::uint32_t size = protocol::read_uint32(input);
    if (size < 8 || size > protocol::max_startup_length) return std::nullopt;
    if (input.size() < size) return 0;
    const auto packet = protocol::parse_first_packet(input.substr(4, size - 4));
    if (std::holds_alternative<protocol::StartupMessage>(packet)) {
        begun_ = true;
        answers += replies.greeting;
    } else if (std::holds_alternative<protocol::SslRequest>(packet) ||
               std::holds_alternative<protocol::GssEncRequest>(packet)) {
        answers += 'N';
    } else {
        return std::nullopt;
    }
    return size;
}

}  // namespace pgweir::bench
