#include "daemon/client/client_dialogue.hpp"

#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/client/unwatched.hpp"

namespace pgweir::daemon {

using pool::IoResult;

Task<bool> read_more(ClientSession& client) {
    using Reading = ClientConnection::Reading;
    ClientConnection& connection = client.connection();
    pool::ReadBuffer& buffer = client.tenant().exchange().buffer;
    while (!client.ending()) {
        const Reading reading = connection.read(buffer);
        if (reading == Reading::something) {
            client.worker().context().resumptions.time_passes();
            co_return true;
        }
        if (reading == Reading::ended) {
            client.end(ClientClose::lost, std::nullopt);
            co_return false;
        }
        buffer.shrink();  // there may be thousands of clients that send half of something
        co_await connection.stream().readable();
    }
    co_return false;
}

Task<bool> send(ClientSession& client, std::string_view bytes) {
    pool::ByteStream& stream = client.connection().stream();
    iovec part = pool::to_iovec(bytes);
    std::span<iovec> rest(&part, 1);
    while (!rest.empty()) {
        const IoResult result = stream.write(rest);
        if (result.status == IoResult::Status::done) {
            rest = pool::drop_front(rest, result.size);
            continue;
        }
        if (result.status != IoResult::Status::would_block) {
            client.end(ClientClose::lost, std::nullopt);
            co_return false;
        }
        const Unwatched unwatched(client);
        co_await stream.writable();
        if (client.ending()) co_return false;
    }
    co_return true;
}

}  // namespace pgweir::daemon
