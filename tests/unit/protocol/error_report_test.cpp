#include "protocol/wire/error_report.hpp"

#include <gtest/gtest.h>

#include <array>

#include "protocol/wire/serialize.hpp"

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;

const ErrorReport full{.severity = "ERROR",
                       .code = "22012",
                       .message = "division by zero",
                       .detail = "a detail\nof two lines",
                       .hint = "a hint",
                       .file = "int.c",
                       .line = "841",
                       .routine = "int4div"};

std::string body_of(const ErrorReport& report) {
    std::string out;
    append_error_response(out, report);
    return out.substr(header_size);
}

TEST(ErrorReport, ParseAfterSerializeIsIdentity) {
    EXPECT_EQ(parse_error_report(body_of(full)), full);
    EXPECT_EQ(parse_error_report(body_of(ErrorReport::fatal("57P01", "x"))),
              ErrorReport::fatal("57P01", "x"));
}

// CVE-2026-6666: an ErrorResponse without SQLSTATE crashed PgBouncer.
TEST(ErrorReport, Cve20266666EachFieldMayBeMissing) {
    constexpr std::array fields{&ErrorReport::severity, &ErrorReport::code,   &ErrorReport::message,
                                &ErrorReport::detail,   &ErrorReport::hint,   &ErrorReport::file,
                                &ErrorReport::line,     &ErrorReport::routine};
    for (const auto field : fields) {
        ErrorReport report = full;
        (report.*field).clear();
        EXPECT_EQ(parse_error_report(body_of(report)), report);
        ErrorReport only{.severity = ""};
        only.*field = full.*field;
        EXPECT_EQ(parse_error_report(body_of(only)), only);
    }
}

TEST(ErrorReport, ABodyCutAnywhereGivesWhatIsThere) {
    const std::string body = body_of(full);
    for (std::size_t size = 0; size < body.size(); ++size) {
        const ErrorReport report = parse_error_report(Bytes(body).substr(0, size));
        EXPECT_TRUE(full.message.starts_with(report.message));
        EXPECT_TRUE(full.code.starts_with(report.code));
        EXPECT_TRUE(full.routine.starts_with(report.routine));
    }
    EXPECT_EQ(parse_error_report(Bytes(body).substr(0, body.size() - 1)), full);
}

TEST(ErrorReport, TheSeverityThatIsNotTranslatedCounts) {
    EXPECT_EQ(parse_error_report("SFEHLER\0VERROR\0\0"s).severity, "ERROR");
    EXPECT_EQ(parse_error_report("VERROR\0SFEHLER\0\0"s).severity, "ERROR");
    EXPECT_EQ(parse_error_report("SFEHLER\0\0"s).severity, "FEHLER");
}

TEST(ErrorReport, UnknownAndEmptyFieldsAreSkipped) {
    EXPECT_EQ(parse_error_report("Wcontext\0xyz\0\xff\0Mm\0P7\0\0Mlater\0"s).message, "m");
    EXPECT_EQ(parse_error_report("M\0C\0\0"s), ErrorReport{.severity = ""});
    EXPECT_EQ(parse_error_report(""), ErrorReport{.severity = ""});
    EXPECT_EQ(parse_error_report("M"), ErrorReport{.severity = ""});
}

TEST(ErrorReport, IsCompleteWithAnSqlstateAndAMessage) {
    EXPECT_TRUE(parse_error_report("C28000\0Mno\0\0"s).is_complete());
    for (const auto& body :
         {"Mno\0\0"s, "C28000\0\0"s, "C\0Mno\0\0"s, "C2800\0Mno\0\0"s, "C28 00\0Mno\0\0"s}) {
        EXPECT_FALSE(parse_error_report(body).is_complete()) << body;
    }
}

TEST(ErrorReport, FieldsOfAnySizeAreRead) {
    ErrorReport report = full;
    report.message.assign(1'000'000, 'x');
    EXPECT_EQ(parse_error_report(body_of(report)), report);
}

}  // namespace
}  // namespace pgweir::protocol
