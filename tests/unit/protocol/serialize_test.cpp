// Exact bytes, as the manual's "Message Formats" has them.
#include "protocol/wire/serialize.hpp"

#include <gtest/gtest.h>

#include <array>

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;

template <typename Append, typename... Arguments>
std::string written(Append append, const Arguments&... arguments) {
    std::string out = "before";
    append(out, arguments...);
    EXPECT_TRUE(out.starts_with("before")) << "a message is appended";
    return out.substr(6);
}

TEST(Serialize, MessagesToClients) {
    EXPECT_EQ(written(append_authentication_ok), "R\0\0\0\10\0\0\0\0"s);
    EXPECT_EQ(written(append_parameter_status, "TimeZone", "UTC"), "S\0\0\0\21TimeZone\0UTC\0"s);
    EXPECT_EQ(written(append_parameter_status, "a", ""), "S\0\0\0\7a\0\0"s);
    EXPECT_EQ(written(append_backend_key_data,
                      CancelKey{.pid = 0x01020304, .secret = "\xff\xfe\xfd\xfc"s}),
              "K\0\0\0\14\1\2\3\4\xff\xfe\xfd\xfc"s);
    EXPECT_EQ(written(append_ready_for_query, TransactionStatus::idle), "Z\0\0\0\5I"s);
    EXPECT_EQ(written(append_ready_for_query, TransactionStatus::in_transaction), "Z\0\0\0\5T"s);
    EXPECT_EQ(written(append_ready_for_query, TransactionStatus::failed), "Z\0\0\0\5E"s);
}

TEST(Serialize, NegotiateProtocolVersionNamesTheUnknownOptions) {
    const std::array<std::string, 2> unknown{"_pq_.a", "_pq_.bc"};
    EXPECT_EQ(written(append_negotiate_protocol_version, protocol_3_0,
                      std::span<const std::string>(unknown)),
              "v\0\0\0\33\0\3\0\0\0\0\0\2_pq_.a\0_pq_.bc\0"s);
    EXPECT_EQ(
        written(append_negotiate_protocol_version, protocol_3_2, std::span<const std::string>()),
        "v\0\0\0\14\0\3\0\2\0\0\0\0"s);
}

TEST(Serialize, MessagesToServers) {
    EXPECT_EQ(written(append_query, "select 1"), "Q\0\0\0\15select 1\0"s);
    EXPECT_EQ(written(append_query, ""), "Q\0\0\0\5\0"s);
    EXPECT_EQ(written(append_sync), "S\0\0\0\4"s);
    EXPECT_EQ(written(append_copy_fail, "no"), "f\0\0\0\7no\0"s);
    EXPECT_EQ(written(append_cancel_request, CancelKey{.pid = 1, .secret = "\x80\0\0\2"s}),
              "\0\0\0\20\4\322\26\56\0\0\0\1\x80\0\0\2"s);
    EXPECT_EQ(written(append_cancel_request, CancelKey{.pid = 1, .secret = std::string(256, 'k')}),
              "\0\0\1\14\4\322\26\56\0\0\0\1"s + std::string(256, 'k'));
}

TEST(Serialize, AnErrorResponseHasPostgresqlsOrderAndSkipsEmptyFields) {
    EXPECT_EQ(written(append_error_response, ErrorReport::fatal("57P01", "bye")),
              "E\0\0\0\37SFATAL\0VFATAL\0C57P01\0Mbye\0\0"s);
    EXPECT_EQ(written(append_notice_response, ErrorReport{.severity = "NOTICE",
                                                          .code = "00000",
                                                          .message = "m",
                                                          .detail = "d",
                                                          .hint = "h",
                                                          .file = "f.c",
                                                          .line = "7",
                                                          .routine = "r"}),
              "N\0\0\0\60SNOTICE\0VNOTICE\0C00000\0Mm\0Dd\0Hh\0Ff.c\0L7\0Rr\0\0"s);
    EXPECT_EQ(written(append_error_response, ErrorReport{.severity = ""}), "E\0\0\0\5\0"s);
}

TEST(Serialize, AZeroByteInAFieldCannotAddFields) {
    EXPECT_EQ(written(append_error_response,
                      ErrorReport{.severity = "ERROR", .code = "XX000", .message = "a\0Hforged"s}),
              "E\0\0\0\35SERROR\0VERROR\0CXX000\0Ma\0\0"s);
}

TEST(Serialize, LengthsAboveAByteAreRight) {
    const std::string sql(70'000, 'x');
    const std::string bytes = written(append_query, sql);
    EXPECT_EQ(read_uint32(Bytes(bytes).substr(1)), sql.size() + 5);
    EXPECT_EQ(bytes.size(), sql.size() + 6);
}

}  // namespace
}  // namespace pgweir::protocol
