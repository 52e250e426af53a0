#include "conf/file/tls_protocols.hpp"

#include <algorithm>
#include <array>

#include "conf/file/wording.hpp"

namespace pgweir::conf {

Result<TlsProtocols> parse_tls_protocols(std::string_view text) {
    constexpr TlsProtocols both{.tls1_2 = true, .tls1_3 = true};
    constexpr std::array<std::string_view, 3> for_both{"secure", "default", "all"};
    constexpr std::array<std::string_view, 3> old{"tlsv1.0", "tlsv1.1", "tlsv1"};
    constexpr std::array<std::string_view, 4> known{"secure", "all", "tlsv1.2", "tlsv1.3"};
    constexpr std::string_view blanks = " \t";
    if (std::ranges::find(for_both, text) != for_both.end()) return both;
    TlsProtocols protocols;
    while (true) {
        const std::size_t end = std::min(text.find_first_of(",:"), text.size());
        std::string_view word = text.substr(0, end);
        word.remove_prefix(std::min(word.find_first_not_of(blanks), word.size()));
        word = word.substr(0, word.find_last_not_of(blanks) + 1);
        if (word == "tlsv1.2") {
            protocols.tls1_2 = true;
        } else if (word == "tlsv1.3") {
            protocols.tls1_3 = true;
        } else if (std::ranges::find(old, word) != old.end()) {
            return Refusal{in_quotes(word) + " is no longer safe: expected tlsv1.2 or tlsv1.3"};
        } else {
            return Refusal{in_quotes(word) +
                           " is not secure, all, or a list of tlsv1.2 and tlsv1.3" +
                           did_you_mean(word, known)};
        }
        if (end == text.size()) return protocols;
        text.remove_prefix(end + 1);
    }
}

}  // namespace pgweir::conf
