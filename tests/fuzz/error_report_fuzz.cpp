// Any body of an ErrorResponse, and any text as libpq's. What was read, written and read again must
// be the same.
#include <cstdint>
#include <cstdlib>

#include "protocol/wire/serialize.hpp"

namespace {

using namespace pgweir::protocol;

void require(bool condition) {
    if (!condition) std::abort();
}

void require_same_after_writing(const ErrorReport& report) {
    std::string out;
    append_error_response(out, report);
    require(out.size() == read_uint32(Bytes(out).substr(1)) + std::size_t{1});
    require(parse_error_report(Bytes(out).substr(header_size)) == report);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes(reinterpret_cast<const char*>(data), size);
    require_same_after_writing(parse_error_report(bytes));
    // libpq's text is a C string.
    if (const auto report = parse_verbose_error(bytes.substr(0, bytes.find('\0')))) {
        require(report->code.size() == 5);
        require_same_after_writing(*report);
    }
    return 0;
}
