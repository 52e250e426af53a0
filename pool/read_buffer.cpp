#include "pool/read_buffer.hpp"

#include <algorithm>

namespace pgweir::pool {

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
