#include "protocol/wire/frame_scanner.hpp"

#include <algorithm>
#include <cstdint>

namespace pgweir::protocol {

namespace {

constexpr std::uint32_t smallest_length = 4;  // the length field counts itself

}  // namespace

Step FrameScanner::next(Bytes input) {
    if (passing_ > 0) {
        if (input.empty()) return {.kind = Step::Kind::more, .size = 1};
        const std::size_t size = std::min(passing_, input.size());
        passing_ -= size;
        return {.kind = Step::Kind::pass, .size = size};
    }
    if (input.size() < header_size) return {.kind = Step::Kind::more, .size = header_size};

    const char type = input.front();
    if (!wanted_->contains(type)) return pass_run(input);

    const std::uint32_t length = read_uint32(behind(input, 1));
    if (length < smallest_length || length > max_length_) {
        return {.kind = Step::Kind::invalid, .type = type};
    }
    const std::size_t total = std::size_t{length} + 1;
    const std::size_t needed = std::min(total, hold_limit_);
    if (needed > input.size()) return {.kind = Step::Kind::more, .size = needed};
    const std::size_t here = std::min(total, input.size());
    passing_ = total - here;
    return {.kind = Step::Kind::frame,
            .size = here,
            .type = type,
            .body = behind(first(input, here), header_size),
            .whole = here == total};
}

// One order for as many unwanted messages as stand in a row: a result of many rows costs a look at
// each header and nothing else.
Step FrameScanner::pass_run(Bytes input) {
    std::size_t done = 0;
    while (input.size() - done >= header_size && !wanted_->contains(input[done])) {
        const std::uint32_t length = read_uint32(behind(input, done + 1));
        if (length < smallest_length || length > max_length_) {
            if (done > 0) break;  // first hand on what is good
            return {.kind = Step::Kind::invalid, .type = input[done]};
        }
        const std::size_t total = std::size_t{length} + 1;
        if (total > input.size() - done) {
            passing_ = total - (input.size() - done);
            done = input.size();
            break;
        }
        done += total;
    }
    return {.kind = Step::Kind::pass, .size = done};
}

}  // namespace pgweir::protocol
