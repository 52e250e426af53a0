// What became of each setting of a pgbouncer.ini.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/problem.hpp"

namespace pgweir::conf::pgbouncer {

enum class Verdict : std::uint8_t {
    same,           ///< the option has the same name
    renamed,        ///< the option has another name
    differs,        ///< taken over, but not all of it means the same; the text says what does not
    not_needed,     ///< left out, and nothing is missing
    not_supported,  ///< left out, and something is missing; the text says why
};

/// "not supported".
[[nodiscard]] std::string_view name(Verdict verdict);

/// One setting. Never holds a secret.
struct ReportLine {
    Place place;
    std::string setting;  ///< `pool_mode`, `databases.app.host`
    Verdict verdict{};
    std::string text;  ///< where it went and as what, or why it did not
};

/// The lines in the order of the files.
struct Report {
    std::vector<std::string> files;  ///< what Place::file counts
    std::vector<ReportLine> lines;

    /// `file:line`
    [[nodiscard]] std::string where(const ReportLine& line) const;
    /// `file:line: setting: verdict: text`
    [[nodiscard]] std::string to_string(const ReportLine& line) const;
    /// `12 settings: 7 same, 2 renamed, ...`
    [[nodiscard]] std::string summary() const;
};

}  // namespace pgweir::conf::pgbouncer
