// Any bytes as what a client says to the console: as statements, and as bodies of messages.
#include <cstdint>
#include <cstdlib>

#include "daemon/console/lexer.hpp"
#include "daemon/console/ordinary_statements.hpp"
#include "protocol/wire/query_bodies.hpp"

namespace {

using namespace pgweir::daemon::console;
namespace protocol = pgweir::protocol;

void require(bool condition) {
    if (!condition) std::abort();
}

// Each message is as long as it says.
void require_messages(protocol::Bytes messages) {
    while (!messages.empty()) {
        require(messages.size() >= protocol::header_size);
        const std::size_t size = 1 + protocol::read_uint32(messages.substr(1));
        require(size >= protocol::header_size && size <= messages.size());
        messages.remove_prefix(size);
    }
}

void answer(const Tokens& statement, SessionSettings& settings) {
    const auto ordinary = OrdinaryStatement::parse(statement, settings);
    if (!ordinary) return;
    const Asker asker{.user = "ann", .database = "pgweir", .pid = 7, .databases = {"one", "two"}};
    const Answer answer = ordinary->run(asker, settings);
    require(answer.error.has_value() || !answer.tag.empty());
    std::string out;
    protocol::append_row_description(out, ordinary->columns(), {});
    for (const protocol::Format format : {protocol::Format::text, protocol::Format::binary}) {
        for (const Row& row : answer.rows) {
            require(row.size() == ordinary->columns().size());
            protocol::append_data_row(out, ordinary->columns(), row, {&format, 1});
        }
    }
    require_messages(out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    SessionSettings settings({{"application_name", "fuzz"}});
    std::size_t total = 0;
    for (const Tokens& statement : split_statements(input)) {
        require(!statement.empty());
        for (const Token& token : statement) {
            require(token.kind == Token::Kind::string || token.kind == Token::Kind::identifier ||
                    !token.text.empty());
            total += token.text.size();
        }
        answer(statement, settings);
    }
    require(total <= size);
    if (const auto query = protocol::parse_query(input)) require(query->size() + 1 == size);
    if (const auto bind = protocol::parse_bind(input)) require(bind->formats.size() * 2 < size);
    if (const auto execute = protocol::parse_execute(input)) require(execute->portal.size() < size);
    if (const auto types = protocol::parse_types(input)) require(types->size() * 4 + 2 == size);
    return 0;
}
