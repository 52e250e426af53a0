#include "protocol/wire/function_call.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace pgweir::protocol {
namespace {

std::string body_of(std::uint32_t oid) {
    std::string body;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) body += static_cast<char>(oid >> shift & 0xffU);
    return body + std::string(6, '\0');
}

TEST(FunctionCall, OfALargeObjectIsToldByTheFunctionsOid) {
    EXPECT_TRUE(calls_large_object(body_of(952))) << "lo_open";
    EXPECT_TRUE(calls_large_object(body_of(715))) << "lo_create";
    EXPECT_TRUE(calls_large_object(body_of(3460))) << "lo_put";
    EXPECT_FALSE(calls_large_object(body_of(2078))) << "set_config";
    EXPECT_FALSE(calls_large_object(body_of(951)));
}

TEST(FunctionCall, ThatIsNoneCallsNothing) {
    EXPECT_FALSE(calls_large_object(""));
    EXPECT_FALSE(calls_large_object(body_of(952).substr(0, 3)));
}

}  // namespace
}  // namespace pgweir::protocol
