// Any text as pg_hba.conf and as pg_ident.conf.
#include <cstdint>
#include <cstdlib>

#include "conf/access/hba.hpp"
#include "conf/access/ident_map.hpp"
#include "conf/config.hpp"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgweir::conf;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    // Nested repetitions cost the C library's regcomp() any memory: an operator's own foot.
    if (size > 4096 || text.find('{') != std::string_view::npos) return 0;
    std::vector<Problem> problems;
    const auto hba = Hba::parse(text, "hba", problems);
    for (const HbaRule& rule : hba->rules()) {
        require(rule.line >= 1 && !rule.databases.empty() && !rule.users.empty());
        require(rule.method < AuthType::hba);
        require(rule.method != AuthType::cert || rule.needs_certificate);
    }
    constexpr std::array<unsigned char, 4> loopback{127, 0, 0, 1};
    HbaQuestion question{.address = IpAddress::v4(loopback.data()), .user = "u", .database = "d"};
    for (const bool local : {true, false}) {
        question.is_local = local;
        const HbaRule* const rule = hba->find(question);
        require(rule == nullptr || local == (rule->transport == HbaRule::Transport::local));
    }
    const auto maps = IdentMaps::parse(text, "ident", problems);
    std::ignore = maps->allows("m", "s@example.com", "u");
    require(!maps->allows("", "s", "u"));
    for (const Problem& problem : problems) require(!problem.message.empty());
    return 0;
}
