// Bytes as writev() takes them (POSIX, <sys/uio.h>).
#pragma once

#include <sys/uio.h>

#include <span>

#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// Bytes as a part of a write, which does not change them.
[[nodiscard]] inline iovec to_iovec(Bytes bytes) {
    return {.iov_base =
                const_cast<char*>(bytes.data()),  // NOLINT(cppcoreguidelines-pro-type-const-cast)
            .iov_len = bytes.size()};
}

/// Drops the first `size` bytes from a list of parts: what a partial write leaves to be written.
[[nodiscard]] inline std::span<iovec> drop_front(std::span<iovec> parts, std::size_t size) {
    while (!parts.empty() && size >= parts.front().iov_len) {
        size -= parts.front().iov_len;
        parts = parts.subspan(1);
    }
    if (!parts.empty()) {
        parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + size;
        parts.front().iov_len -= size;
    }
    return parts;
}

}  // namespace pgweir::protocol
