// What a command of the console comes to.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/wire/error_report.hpp"
#include "protocol/wire/rows.hpp"

namespace pgweir::daemon::console {

using protocol::Cell;
using protocol::Column;
using protocol::ColumnType;
using protocol::ErrorReport;
using protocol::Row;
using Rows = std::vector<Row>;

struct Answer {
    std::vector<ErrorReport> notices;  ///< told before anything else
    Rows rows;                         ///< for a command that has columns
    std::string tag;                   ///< of the CommandComplete
    std::optional<ErrorReport> error;  ///< in place of rows and tag

    [[nodiscard]] static Answer done(std::string_view tag) { return {.tag = std::string(tag)}; }
    [[nodiscard]] static Answer failed(std::string_view code, std::string message,
                                       std::string hint = {}) {
        Answer answer;
        answer.error = ErrorReport::error(code, std::move(message));
        answer.error->hint = std::move(hint);
        return answer;
    }
};

}  // namespace pgweir::daemon::console
