#include "protocol/error_report.hpp"

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

std::optional<ErrorReport> parse_verbose_error(std::string_view text) {
    // libpq puts "connection to server at ... failed: " before it, and with several hosts one such
    // report a host; the last is the one to tell.
    std::size_t start = std::string_view::npos;
    std::string_view severity;
    for (const std::string_view candidate : {"FATAL", "ERROR", "PANIC"}) {
        const std::string pattern = std::string(candidate) + ":  ";
        const std::size_t found = text.rfind(pattern);
        if (found == std::string_view::npos) continue;
        if (!looks_like_sqlstate(text.substr(found + pattern.size(), 5))) continue;
        if (start == std::string_view::npos || found > start) {
            start = found;
            severity = candidate;
        }
    }
    if (start == std::string_view::npos) return std::nullopt;
    std::string_view rest = text.substr(start + severity.size() + 3);
    if (rest.size() < 7 || rest.substr(5, 2) != ": ") return std::nullopt;

    ErrorReport report{.severity = std::string(severity), .code = std::string(rest.substr(0, 5))};
    rest.remove_prefix(7);
    std::string* field = &report.message;
    std::string location;
    const std::array<std::pair<std::string_view, std::string*>, 3> labels{
        {{"DETAIL:  ", &report.detail}, {"HINT:  ", &report.hint}, {"LOCATION:  ", &location}}};
    bool first_line = true;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        for (const auto& [label, target] : labels) {
            if (!first_line && line.starts_with(label)) {
                field = target;
                line.remove_prefix(label.size());
                break;
            }
        }
        if (!field->empty()) field->push_back('\n');
        field->append(line);
        first_line = false;
    }
    parse_location(location, report);
    return report;
}

}  // namespace pgweir::protocol
