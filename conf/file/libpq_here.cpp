#include "conf/file/libpq_here.hpp"

#include <libpq-fe.h>

#include <memory>

#include "conf/file/connection_keywords.hpp"
#include "conf/file/wording.hpp"

namespace pgweir::conf {
namespace {

// libpq's numbers from 10 on: 150012 is 15.12.
std::string version_text(int version) {
    return std::to_string(version / 10'000) + '.' + std::to_string(version % 10'000);
}

Libpq ask_libpq() {
    Libpq libpq{.version = PQlibVersion()};
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> defaults(PQconndefaults(),
                                                                                &PQconninfoFree);
    for (const PQconninfoOption* option = defaults.get();
         option != nullptr && option->keyword != nullptr; ++option) {
        libpq.keywords.emplace(option->keyword);
    }
    return libpq;
}

}  // namespace

const Libpq& libpq_here() {
    static const Libpq libpq = ask_libpq();
    return libpq;
}

std::optional<std::string> why_missing(std::string_view name, const Libpq& libpq) {
    if (libpq.keywords.empty() || libpq.keywords.contains(name)) return std::nullopt;
    const int since = libpq_version_of(name);
    const std::string here = "libpq " + version_text(libpq.version) + ", which runs here, ";
    if (since == 0) return in_quotes(name) + " is not possible: " + here + "does not have it";
    if (since <= libpq.version / 10'000) {
        return in_quotes(name) + " is not possible: " + here + "was built without it";
    }
    return in_quotes(name) + " needs libpq " + std::to_string(since) + "; " + here +
           "does not have it";
}

}  // namespace pgweir::conf
