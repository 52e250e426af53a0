// Memory for bytes in flight: it belongs to the worker and is lent to a connection only while that
// holds bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "pool/io/spares.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// Buffers of one size that one worker lends to its connections. Touch only from that worker.
class BufferPool {
  public:
    static constexpr std::size_t buffer_size = 16384;
    using Buffer = Spares<char[]>::Pointer;

    [[nodiscard]] Buffer take() {
        return spares_.take([] { return std::make_unique_for_overwrite<char[]>(buffer_size); });
    }
    void give_back(Buffer buffer) { spares_.give_back(std::move(buffer)); }

  private:
    Spares<char[]> spares_;
};

/// The bytes of one connection that were read and are not done with. Holds a buffer only while
/// there are any. Invariant: 0 <= begin_ <= end_ <= buffer_size, and begin_ == end_ == 0 without a
/// buffer.
class ReadBuffer {
  public:
    explicit ReadBuffer(BufferPool& pool) : pool_(pool) {}
    ~ReadBuffer() { discard(); }
    ReadBuffer(const ReadBuffer&) = delete;
    ReadBuffer& operator=(const ReadBuffer&) = delete;

    /// Room for the next read, behind what is held; takes a buffer if there is none. Never empty as
    /// long as less than a whole buffer is held.
    [[nodiscard]] std::span<char> room();
    /// `size` bytes were read into the room.
    void filled(std::size_t size) { end_ += size; }
    [[nodiscard]] Bytes held() const { return {buffer_.get() + begin_, end_ - begin_}; }
    /// The first `size` bytes held are done with. Views into them stay valid until `room`,
    /// `give_back_if_empty` or `discard`.
    void consume(std::size_t size) { begin_ += size; }
    void give_back_if_empty() {
        if (begin_ == end_) discard();
    }
    /// Holds what there is in no more memory than it needs, up to the next `room`: for who may wait
    /// long for the rest. Views into it end.
    void shrink();
    void discard();
    [[nodiscard]] bool empty() const { return begin_ == end_; }

  private:
    BufferPool& pool_;
    BufferPool::Buffer buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool shrunk_ = false;  ///< the buffer is not the pool's, and holds just `end_` bytes
};

}  // namespace pgweir::pool
