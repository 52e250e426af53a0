// A connected socket, or the TLS session on it, as bytes that can be read and written at once or
// not at all.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "pool/io/readiness.hpp"
#include "protocol/wire/io_vector.hpp"

struct ssl_st;

namespace pgweir::pool {

using protocol::drop_front;
using protocol::to_iovec;

/// What a read or a write that never waits came to.
struct IoResult {
    enum class Status : std::uint8_t {
        done,         ///< `size` bytes were moved
        would_block,  ///< none; wait for readiness and try again
        closed,       ///< the peer ended the stream in an orderly way
        failed,       ///< the stream is broken: `error` says how
    };
    Status status = Status::done;
    std::size_t size = 0;
    /// After a read: nothing is left to read just now, so that waiting is better than trying again.
    bool drained = false;
    error_code error;
};

class ByteStream;
using LateEndHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Ends of streams that made no noise. A peer that sends its last bytes and closes at once makes
/// one edge for both (see Readiness): who reads until there are no more bytes, and then waits, has
/// not seen the end and is not woken for it. So every stream that was read to its last byte is
/// asked once more, by the worker's tick: one poll() for all that were busy, nothing for those that
/// were not. Touch only from its worker.
class LateEnds {
  public:
    /// `stream` was read to the last byte that had come.
    void expect(ByteStream& stream);
    /// Wakes the readers of those whose end has come. To be called at each tick.
    void look();

  private:
    boost::intrusive::list<ByteStream, boost::intrusive::base_hook<LateEndHook>,
                           boost::intrusive::constant_time_size<false>>
        read_;
};

/// Reads and writes go straight to the socket (or OpenSSL on the socket), at once; only `readable`
/// and `writable` suspend. One coroutine may wait for each of the two.
///
/// Lives on one worker; touch only from its io_context.
class ByteStream : public LateEndHook {
  public:
    /// Takes over `socket`, which must be connected and non-blocking. With `tls`, bytes go through
    /// that session, which stays its owner's and must outlive this. `late_ends` is the worker's.
    ByteStream(asio::io_context& io, LateEnds& late_ends, int socket, ssl_st* tls = nullptr);

    /// From now on bytes go through `tls`, which has no socket yet and stays its owner's.
    void start_tls(ssl_st& tls);
    /// Goes on with the handshake as far as it gets: done, would_block (`wants_write` says for what
    /// to wait), closed or failed.
    [[nodiscard]] IoResult handshake(bool& wants_write);
    /// Why the handshake has just failed: what is wrong with the other side's certificate, or else
    /// what OpenSSL says.
    [[nodiscard]] std::string handshake_problem() const;
    /// Tells the peer of an encrypted stream that it ends here; without waiting for the answer.
    void say_end();

    [[nodiscard]] IoResult read(std::span<char> room);
    /// Writes as much as fits of the parts in their order.
    [[nodiscard]] IoResult write(std::span<const iovec> parts);

    /// To be awaited: suspends until a read is worth trying, or the stream is closed or cancelled.
    /// May return early: try, and wait again.
    ///
    /// Neither touches this object after it has resumed, which may outlive it.
    [[nodiscard]] Readiness::Wait readable() { return readiness_.readable(); }
    [[nodiscard]] Readiness::Wait writable() { return readiness_.writable(); }
    /// For who waits to read without a coroutine.
    [[nodiscard]] Readiness::Watch watch(Resumable& reader) { return {readiness_, reader}; }

    /// Resumes whoever waits.
    void cancel() { readiness_.cancel(); }
    /// Closes the socket; whoever waits is resumed.
    void close() { readiness_.close(); }
    /// Gives the socket back to its owner, open; whoever waits is resumed.
    int release() { return readiness_.release(); }
    [[nodiscard]] bool is_open() const { return readiness_.is_open(); }
    /// The descriptor, for questions to the kernel; it stays this object's.
    [[nodiscard]] int native_handle() const { return readiness_.socket(); }

  private:
    friend class LateEnds;

    Readiness readiness_;
    LateEnds& late_ends_;
    ssl_st* tls_;
};

/// Whether the peer has closed its side of `socket`, without reading and without waiting, even when
/// unread bytes stand before the end.
[[nodiscard]] bool peer_has_closed(int socket);

}  // namespace pgweir::pool
