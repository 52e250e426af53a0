// From a logged-in client to its server: how requests get there.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>

#include "daemon/client/relay_phases.hpp"
#include "pool/io/asio.hpp"
#include "pool/io/byte_stream.hpp"
#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::daemon {

class ClientSession;
class ClientTenant;
struct Exchange;
using protocol::Bytes;

/// Reads the client's requests, looks at what they are, finds a server for them and writes them to
/// it. It is called when there is something to do, and leaves nothing behind when there is not: a
/// client at rest, of which there are thousands, costs its session alone (DECISIONS.md, D40). What
/// follows what is decided by next() in relay_phases.hpp.
///
/// Owned by its ClientSession, on whose worker alone it may be touched. Only `send_slowly`
/// suspends.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): nothing can derive from it
class ClientRelay final : private pool::Resumable {
  public:
    explicit ClientRelay(pool::ByteStream& stream) : watch_(stream.watch(*this)) {}

    /// The client is logged in: from now on its session is kept alive here, until stop().
    void start(std::shared_ptr<ClientSession> client);
    /// The session is over. May be the end of it, and of this object.
    void stop();
    [[nodiscard]] bool is_running() const { return client_ != nullptr; }
    /// Only while it runs: something has happened that it may wait for. It goes on from the loop,
    /// not inside this call.
    void wake();
    /// The next request waits for what becomes of an earlier one.
    [[nodiscard]] bool is_asking() const { return phase_ == RelayPhase::asking; }
    /// A client that has nothing under way gives back what it was lent.
    void rest_if_done();

  private:
    void resume_now() override;
    void run();
    void let_others_go_on();
    [[nodiscard]] bool go_on();
    [[nodiscard]] bool take_step(RelayStep step);
    [[nodiscard]] bool read_requests();
    [[nodiscard]] bool look_at_requests();
    void await_outcome();
    [[nodiscard]] bool must_hold_back() const;
    void consume_requests();
    [[nodiscard]] bool owes_replies() const;
    [[nodiscard]] bool send_requests();
    void start_sending_slowly();
    Task<> send_slowly();

    // client_requests.cpp
    [[nodiscard]] ScanResult scan_requests();
    [[nodiscard]] bool take_request(Exchange& exchange, const protocol::Step& step, Bytes message);
    void hand_over(Exchange& exchange, const protocol::Step& step, Bytes message);
    void take_more(Exchange& exchange, Bytes bytes);
    [[nodiscard]] bool is_acceptable(const protocol::Step& step);
    [[nodiscard]] bool is_acceptable_begin(Bytes begun);
    void take_leave();
    void break_off_copy(std::optional<char> type);
    void note_request(Exchange& exchange);
    void refuse_request(Exchange& exchange, const protocol::Step& step);

    [[nodiscard]] ClientTenant& tenant() const;

    std::shared_ptr<ClientSession> client_;  ///< null: it does not run
    pool::Readiness::Watch watch_;
    RelayPhase phase_ = RelayPhase::scanning;
    ScanResult scan_ = ScanResult::more_input;  ///< what the latest came to
    bool discarding_ = false;  ///< refused in an extended query: messages up to Sync are dropped
};

}  // namespace pgweir::daemon
