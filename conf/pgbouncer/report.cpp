#include "conf/pgbouncer/report.hpp"

#include <algorithm>
#include <array>

namespace pgweir::conf::pgbouncer {
namespace {

constexpr std::array<std::string_view, 5> names{"same", "renamed", "differs", "not needed",
                                                "not supported"};

}  // namespace

std::string_view name(Verdict verdict) {
    return names.at(static_cast<std::size_t>(verdict));
}

std::string Report::where(const ReportLine& line) const {
    return files.at(static_cast<std::size_t>(line.place.file)) + ':' +
           std::to_string(line.place.line);
}

std::string Report::to_string(const ReportLine& line) const {
    return where(line) + ": " + line.setting + ": " + std::string{name(line.verdict)} + ": " +
           line.text;
}

std::string Report::summary() const {
    std::string text = std::to_string(lines.size()) + " settings";
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto count = std::ranges::count(lines, static_cast<Verdict>(i), &ReportLine::verdict);
        text += (i == 0 ? ": " : ", ") + std::to_string(count) + ' ' + std::string{names.at(i)};
    }
    return text;
}

}  // namespace pgweir::conf::pgbouncer
