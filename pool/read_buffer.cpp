#include "pool/read_buffer.hpp"

#include <algorithm>

namespace pgweir::pool {

BufferPool::Buffer BufferPool::take() {
    if (unused_.empty()) return std::make_unique_for_overwrite<char[]>(buffer_size);
    Buffer buffer = std::move(unused_.back());
    unused_.pop_back();
    return buffer;
}

void BufferPool::give_back(Buffer buffer) {
    if (unused_.size() < keep) unused_.push_back(std::move(buffer));
}

std::span<char> ReadBuffer::room() {
    if (!buffer_) {
        buffer_ = pool_.take();
    } else if (begin_ > 0) {
        std::copy(buffer_.get() + begin_, buffer_.get() + end_, buffer_.get());
        end_ -= begin_;
        begin_ = 0;
    }
    return {buffer_.get() + end_, BufferPool::buffer_size - end_};
}

void ReadBuffer::discard() {
    if (buffer_) pool_.give_back(std::move(buffer_));
    begin_ = 0;
    end_ = 0;
}

}  // namespace pgweir::pool
