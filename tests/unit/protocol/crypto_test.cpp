#include "protocol/auth/crypto.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace pgweir::protocol {
namespace {

std::string hex(const ScramKey& key) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned byte : key) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

TEST(Crypto, Sha256IsThatOfFips180) {
    EXPECT_EQ(hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Crypto, HmacIsThatOfRfc4231) {
    EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                              "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        << "a key longer than a block";
    EXPECT_EQ(hex(hmac_sha256(std::string(64, 'k'), "")),
              "83026a325aaee70e36cfe607536aa1054104ad1077c36134810d4ccded1ccd3b");
}

TEST(Crypto, RandomBytesAreOfEachLengthAndNeverTheSame) {
    std::set<std::string> seen;
    for (int i = 0; i < 300; ++i) {
        const std::string bytes = random_bytes(18);
        EXPECT_EQ(bytes.size(), 18U);
        EXPECT_TRUE(seen.insert(bytes).second);
    }
    for (const std::size_t count : {0U, 1U, 1023U, 1024U, 1025U, 5000U}) {
        EXPECT_EQ(random_bytes(count).size(), count);
    }
}

TEST(Crypto, Base64OfEveryByteComesBack) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
        const auto back = base64_decode(base64_encode(bytes));
        ASSERT_TRUE(back.has_value());
        EXPECT_EQ(*back, bytes);
    }
}

TEST(Crypto, Base64HasNoOtherCharacters) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    for (int i = 0; i < 256; ++i) {
        const char c = static_cast<char>(i);
        EXPECT_EQ(base64_decode(std::string("AAA") + c).has_value(),
                  digits.find(c) != std::string_view::npos)
            << i;
    }
}

}  // namespace
}  // namespace pgweir::protocol
