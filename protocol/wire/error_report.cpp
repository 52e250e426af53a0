#include "protocol/wire/error_report.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace pgweir::protocol {

namespace {

// Takes the text up to the next zero byte, or all of it, off the front of `rest`.
std::string take_cstring(Bytes& rest) {
    const std::size_t end = rest.find('\0');
    std::string text(rest.substr(0, end));
    rest.remove_prefix(end == Bytes::npos ? rest.size() : end + 1);
    return text;
}

bool looks_like_sqlstate(std::string_view text) {
    return text.size() == 5 && std::ranges::all_of(text, [](unsigned char c) {
               return std::isdigit(c) != 0 || (c >= 'A' && c <= 'Z');
           });
}

// `file` and `line` of "LOCATION:  routine, file:line".
void parse_location(std::string_view location, ErrorReport& report) {
    const std::size_t comma = location.find(", ");
    const std::size_t colon = location.rfind(':');
    if (comma == std::string_view::npos || colon == std::string_view::npos || colon < comma) return;
    report.routine = location.substr(0, comma);
    report.file = location.substr(comma + 2, colon - comma - 2);
    report.line = location.substr(colon + 1);
}

}  // namespace

bool ErrorReport::is_complete() const {
    return looks_like_sqlstate(code) && !message.empty();
}

ErrorReport parse_error_report(Bytes body) {
    ErrorReport report{.severity = ""};
    while (!body.empty() && body.front() != '\0') {
        const char code = body.front();
        body.remove_prefix(1);
        std::string value = take_cstring(body);
        switch (code) {
            case 'S':
                if (report.severity.empty()) report.severity = std::move(value);
                break;
            case 'V':
                report.severity = std::move(value);
                break;
            case 'C':
                report.code = std::move(value);
                break;
            case 'M':
                report.message = std::move(value);
                break;
            case 'D':
                report.detail = std::move(value);
                break;
            case 'H':
                report.hint = std::move(value);
                break;
            case 'F':
                report.file = std::move(value);
                break;
            case 'L':
                report.line = std::move(value);
                break;
            case 'R':
                report.routine = std::move(value);
                break;
            default:
                break;
        }
    }
    return report;
}

namespace {

// Splits the first line off `rest`.
std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

constexpr std::string_view attempt_prefix = "connection to server ";

// What libpq says of one attempt to connect, without the words it puts before it. Names in a
// message come from clients and may hold anything, line ends too: hence only here, at the start of
// an attempt, is a server's report looked for.
std::string_view after_attempt_prefix(std::string_view line) {
    constexpr std::string_view failed = " failed: ";
    const std::size_t found = line.find(failed);
    if (!line.starts_with(attempt_prefix) || found == std::string_view::npos) return line;
    return line.substr(found + failed.size());
}

// Reads "FATAL:  28000: message".
std::optional<ErrorReport> parse_first_line(std::string_view line) {
    constexpr std::string_view separator = ":  ";
    const std::size_t colon = line.find(separator);
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view severity = line.substr(0, colon);
    line.remove_prefix(colon + separator.size());
    if (line.size() < 7 || !looks_like_sqlstate(line.substr(0, 5)) || line.substr(5, 2) != ": ") {
        return std::nullopt;
    }
    const bool known = severity == "ERROR" || severity == "PANIC";
    return ErrorReport{.severity = known ? std::string(severity) : "FATAL",
                       .code = std::string(line.substr(0, 5)),
                       .message = std::string(line.substr(7))};
}

}  // namespace

std::optional<ErrorReport> parse_verbose_error(std::string_view text) {
    std::optional<ErrorReport> report;
    std::string location;
    std::string* field = nullptr;  // what further lines belong to
    for (bool first = true; !text.empty(); first = false) {
        std::string_view line = take_line(text);
        if (first || line.starts_with(attempt_prefix)) {
            field = nullptr;
            if (auto found = parse_first_line(after_attempt_prefix(line))) {
                report = std::move(found);
                location.clear();
                field = &report->message;
            }
            continue;
        }
        if (field == nullptr) continue;
        const std::array<std::pair<std::string_view, std::string*>, 3> labels{
            {{"DETAIL:  ", &report->detail},
             {"HINT:  ", &report->hint},
             {"LOCATION:  ", &location}}};
        const auto* const label = std::ranges::find_if(
            labels, [line](const auto& entry) { return line.starts_with(entry.first); });
        if (label != labels.end()) {
            field = label->second;
            line.remove_prefix(label->first.size());
        }
        if (!field->empty()) field->push_back('\n');
        field->append(line);
    }
    if (report) parse_location(location, *report);
    return report;
}

}  // namespace pgweir::protocol
