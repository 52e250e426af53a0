// Any first packet, and any text as `options`.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "protocol/wire/startup_options.hpp"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgweir::protocol;
    if (size > max_startup_length) return 0;
    const Bytes bytes(reinterpret_cast<const char*>(data), size);
    const FirstPacket packet = parse_first_packet(bytes);
    if (const auto* const startup = std::get_if<StartupMessage>(&packet)) {
        require(!startup->user.empty() && startup->user.size() <= 63);
        require(!startup->database.empty() && startup->database.size() <= 63);
        require(startup->version >> 16U == 3);
        require(std::ranges::none_of(startup->settings,
                                     [](const Parameter& p) { return p.first.empty(); }));
        require(bytes.back() == '\0');
    } else if (const auto* const report = std::get_if<ErrorReport>(&packet)) {
        require(report->severity == "FATAL" && report->code.size() == 5);
        require(!report->message.empty());
    }
    std::vector<Parameter> settings;
    const auto problem = parse_options(bytes, settings);
    require(!problem || (problem->severity == "FATAL" && problem->code.size() == 5));
    require(settings.size() <= 2 * bytes.size());  // five of `-d5 `
    return 0;
}
