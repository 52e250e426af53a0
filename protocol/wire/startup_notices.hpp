// What PostgreSQL remarks about a start-up packet before it greets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/wire/error_report.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::protocol {

/// A notice for each application_name that is longer than a name may be, in their order; none from
/// where the packet has set client_min_messages above that. `settings` as StartupMessage has them;
/// `server_encoding` as the server reports it: names are cut between characters.
[[nodiscard]] std::vector<ErrorReport> startup_notices(const std::vector<Parameter>& settings,
                                                       std::string_view server_encoding);

}  // namespace pgweir::protocol
