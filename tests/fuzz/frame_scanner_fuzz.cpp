// Any stream, cut anyhow, must give the same messages as in one piece. The first bytes choose the
// hold limit, the wanted types and the cuts.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "tests/unit/protocol/streams.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgweir::protocol;
    constexpr std::size_t cut_count = 6;
    if (size < 1 + cut_count) return 0;
    constexpr std::size_t hold_limits[] = {0, 5, 64, 16384};
    static const TypeSet wanted[] = {TypeSet::all(), TypeSet(""), TypeSet("QPBDCESHFcfX"),
                                     TypeSet("CENS13GHWAZ")};
    const Bytes stream(reinterpret_cast<const char*>(data) + 1 + cut_count, size - 1 - cut_count);
    std::vector<std::size_t> cuts;
    for (std::size_t i = 0; i < cut_count; ++i) cuts.push_back(data[1 + i] * stream.size() / 255);
    std::ranges::sort(cuts);
    const std::size_t hold_limit = hold_limits[data[0] % 4];
    const TypeSet& types = wanted[data[0] / 4 % 4];
    const test::Reading whole =
        test::read_stream(stream, types, hold_limit, test::cut_at(stream, {}));
    if (test::read_stream(stream, types, hold_limit, test::cut_at(stream, cuts)) != whole) {
        std::abort();
    }
    return 0;
}
