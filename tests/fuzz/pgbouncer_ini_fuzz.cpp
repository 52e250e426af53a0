// Any text as pgbouncer.ini, which may include itself.
#include <cstdint>
#include <cstdlib>

#include "conf/file/yaml_writer.hpp"
#include "conf/pgbouncer/import.hpp"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgweir::conf;
    const std::string text(reinterpret_cast<const char*>(data), size);
    int reads = 0;
    const pgbouncer::Ini ini =
        pgbouncer::read_ini("self", [&](const std::string& path) -> Result<std::string> {
            if (path == "self" && ++reads < 4) return text;
            return Refusal{"no such file"};
        });
    const pgbouncer::Import import = pgbouncer::import_ini(ini);
    const auto files = static_cast<int>(ini.files.size());
    for (const PlacedMessage& problem : import.tree.problems) {
        require(!problem.message.empty() && problem.place.file < files);
    }
    for (const auto& line : import.report.lines) {
        require(!import.report.to_string(line).empty() && line.place.line > 0);
    }
    if (import.tree.root) require(!write_yaml(*import.tree.root).empty());
    return 0;
}
