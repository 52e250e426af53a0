#include "pool/session/escaped_value.hpp"

namespace pgweir::pool {

std::string escaped(std::string_view expression) {
    return "pg_catalog.encode(pg_catalog.convert_to(" + std::string(expression) +
           ",pg_catalog.getdatabaseencoding()),'escape')";
}

std::string unescape(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            bytes += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == '\\') {
            bytes += text[++i];
        } else if (i + 3 < text.size()) {
            const int byte = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0';
            bytes += static_cast<char>(static_cast<unsigned char>(byte));
            i += 3;
        }
    }
    return bytes;
}

}  // namespace pgweir::pool
