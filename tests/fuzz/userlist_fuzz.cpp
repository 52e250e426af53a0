// Any text as userlist.txt.
#include "conf/access/userlist.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgweir::conf;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Reporter reporter{"users"};
    const Userlist users = parse_userlist(text, reporter);
    std::size_t total = 0;
    for (const auto& [name, secret] : users) {
        require(!name.empty() && name.size() <= 127 && secret.size() <= 2047);
        total += name.size() + secret.size();
    }
    require(total <= size);
    for (const Problem& problem : reporter.take()) require(!problem.message.empty());
    return 0;
}
