#include "pool/io/read_buffer.hpp"

#include <algorithm>
#include <utility>

namespace pgweir::pool {

std::span<char> ReadBuffer::room() {
    if (shrunk_) {
        const Bytes kept = held();
        auto whole = pool_.take();
        std::ranges::copy(kept, whole.get());
        end_ = kept.size();
        begin_ = 0;
        shrunk_ = false;
        buffer_ = std::move(whole);
    } else if (!buffer_) {
        buffer_ = pool_.take();
    } else if (begin_ > 0) {
        std::copy(buffer_.get() + begin_, buffer_.get() + end_, buffer_.get());
        end_ -= begin_;
        begin_ = 0;
    }
    return {buffer_.get() + end_, BufferPool::buffer_size - end_};
}

void ReadBuffer::shrink() {
    const std::size_t size = end_ - begin_;
    if (size == 0) {
        discard();
    } else if (!shrunk_) {
        auto small = std::make_unique_for_overwrite<char[]>(size);
        std::ranges::copy(held(), small.get());
        pool_.give_back(std::exchange(buffer_, std::move(small)));
        begin_ = 0;
        end_ = size;
        shrunk_ = true;
    }
}

void ReadBuffer::discard() {
    if (std::exchange(shrunk_, false)) buffer_.reset();
    if (buffer_) pool_.give_back(std::move(buffer_));
    begin_ = 0;
    end_ = 0;
}

}  // namespace pgweir::pool
