// Hashes and verifiers below were made by PostgreSQL 15.
#include "protocol/auth/secret.hpp"

#include <gtest/gtest.h>

#include "protocol/auth/saslprep.hpp"

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;

const std::string pencil_verifier =
    "SCRAM-SHA-256$4096:3fAfRi4euqFqzGHgmcQDvA==$FYFcqIOUlOrrI4USe5fYLvc9ly2auCH80c21Xuw6Hy0=:"
    "+HE0yucqblvilxRkHJvXum0RgiWQxy5SZfab+jivnwM=";
const std::string bob_pencil_md5 = "md5e4f70fb0b8f2745aa7a69557c80cbd0c";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, what.size(), by);
}

bool is_plain(std::string_view text) {
    const Secret secret = parse_secret(text);
    const auto* const plain = std::get_if<PlainPassword>(&secret);
    return plain != nullptr && plain->text == text;
}

TEST(Base64, Rfc4648Vectors) {
    const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"}};
    for (const auto& [data, text] : vectors) {
        EXPECT_EQ(base64_encode(data), text);
        EXPECT_EQ(base64_decode(text), data);
    }
}

TEST(Base64, AllBytesComeBack) {
    std::string data;
    for (int byte = 0; byte < 256; ++byte) {
        data.push_back(static_cast<char>(byte));
        EXPECT_EQ(base64_decode(base64_encode(data)), data);
    }
}

TEST(Base64, WhatPostgresqlRefusesIsRefused) {
    for (const std::string& text :
         {"Z"s, "Zg"s, "Zg="s, "Z==="s, "===="s, "Zm 9v"s, "Zm9v\n"s, "Zm9\0"s, "Zm9-"s, "=Zg="s}) {
        EXPECT_EQ(base64_decode(text), std::nullopt) << text;
    }
    EXPECT_EQ(base64_decode("Zg==Zg=="), "ff");  // odd, but PostgreSQL takes it
}

TEST(Crypto, ComparisonLooksAtAllOfBoth) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    for (const std::string& other : {""s, "ab"s, "abd"s, "abcd"s, "abc\0"s, "xbc"s}) {
        EXPECT_FALSE(equal_in_constant_time("abc", other));
    }
}

TEST(Saslprep, Rfc4013Vectors) {
    EXPECT_EQ(saslprep("I\u00ADX"), "IX");
    EXPECT_EQ(saslprep("user"), "user");
    EXPECT_EQ(saslprep("USER"), "USER");
    EXPECT_EQ(saslprep("\u00AA"), "a");
    EXPECT_EQ(saslprep("\u2168"), "IX");
    // Prohibited, and right-to-left with a digit at its end: as they are.
    EXPECT_EQ(saslprep("\x07"), "\x07");
    EXPECT_EQ(saslprep("\u0627\u0031"), "\u0627\u0031");
    EXPECT_EQ(saslprep("\u2168\u0007"), "\u2168\u0007");
}

TEST(Saslprep, WhatHasNoNormalFormIsTakenAsItIs) {
    for (const std::string& text : {""s, "\xff"s, "a\xc3"s, "\xed\xa0\x80"s, "\u00AD"s, "\u0221"s,
                                    "\uE000"s, "a\0\u2168"s, "\u0340"s, "\u2168\u0341"s}) {
        EXPECT_EQ(saslprep(text), text);
    }
}

TEST(Saslprep, SpacesAreMappedAndIdeographsCorrected) {
    EXPECT_EQ(saslprep("a\u00A0b\u3000c"), "a b c");
    EXPECT_EQ(saslprep("\U0002F868"), "\u36FC");  // U+2136A before Corrigendum 4
}

// U+FB1D becomes two characters of which the last is not right-to-left.
TEST(Saslprep, WhatIsProhibitedIsLookedForBeforeNormalizationAsInPostgresql) {
    EXPECT_EQ(saslprep("\uFB1D"), "\u05D9\u05B4");
}

TEST(Saslprep, LongPasswordsCostLittle) {
    std::string longest;
    while (longest.size() + 3 <= max_saslprep_length) longest += "\uFDFA";
    EXPECT_GT(saslprep(longest).size(), 5 * longest.size());
    const std::string longer = longest + "\uFDFA\uFDFA";
    EXPECT_EQ(saslprep(longer), longer);
    std::string marks;
    while (marks.size() + 4 <= max_saslprep_length) marks += "\u0301\u0316";
    EXPECT_EQ(saslprep(marks).size(), marks.size());
}

TEST(Secret, PostgresqlsFormsAreToldApart) {
    EXPECT_TRUE(std::holds_alternative<Md5Hash>(parse_secret(bob_pencil_md5)));
    EXPECT_TRUE(std::holds_alternative<ScramVerifier>(parse_secret(pencil_verifier)));
    EXPECT_TRUE(is_plain("pencil"));
    EXPECT_TRUE(is_plain(""));
}

TEST(Secret, WhatIsNotQuiteAnMd5HashIsPlain) {
    EXPECT_TRUE(is_plain("md5" + std::string(31, 'a')));
    EXPECT_TRUE(is_plain("md5" + std::string(33, 'a')));
    EXPECT_TRUE(is_plain("md5" + std::string(32, 'A')));
    EXPECT_TRUE(is_plain("md5" + std::string(32, 'g')));
    EXPECT_TRUE(is_plain("MD5" + std::string(32, 'a')));
}

TEST(Secret, WhatIsNotQuiteAVerifierIsPlain) {
    for (std::size_t size = 0; size < pencil_verifier.size(); ++size) {
        EXPECT_TRUE(is_plain(pencil_verifier.substr(0, size)));
    }
    for (const std::string& count :
         {""s, "x"s, "4096x"s, "+-5"s, "++5"s, "+"s, " "s, "0x10"s, "99999999999999999999"s}) {
        EXPECT_TRUE(is_plain(replaced(pencil_verifier, "4096", count))) << count;
    }
    EXPECT_TRUE(is_plain(replaced(pencil_verifier, "256", "1")));
    EXPECT_TRUE(is_plain(replaced(pencil_verifier, "3fAf", "3f f")));
    EXPECT_TRUE(is_plain(pencil_verifier + "="));
    EXPECT_TRUE(is_plain(pencil_verifier + "\0"s));
}

TEST(Secret, VerifiersAreReadAsLenientlyAsPostgresqlReadsThem) {
    const Secret verifier = parse_secret(pencil_verifier);
    EXPECT_EQ(parse_secret("$$" + pencil_verifier), verifier);
    EXPECT_EQ(parse_secret(replaced(pencil_verifier, "4096", " +4096")), verifier);
    for (const std::string& count : {"0"s, "-1"s, "2147483648"s}) {
        const Secret useless = parse_secret(replaced(pencil_verifier, "4096", count));
        EXPECT_EQ(std::get<ScramVerifier>(useless).iterations, 0U);
        EXPECT_FALSE(matches_password(useless, "bob", "pencil"));
    }
}

TEST(Secret, AVerifierMadeHereIsTheOneThatPostgresqlMakes) {
    const ScramVerifier parsed = *parse_scram_verifier(pencil_verifier);
    EXPECT_EQ(parsed.iterations, 4096U);
    EXPECT_EQ(parsed.salt.size(), scram_salt_length);
    EXPECT_EQ(print_scram_verifier(parsed), pencil_verifier);
    EXPECT_EQ(make_scram_verifier("pencil", parsed.salt, 4096), parsed);

    const std::string normalized =
        "SCRAM-SHA-256$4096:zGUlC9vxlCtRJrxCtHMxrg==$POCx/jEsmgV26liD/L9xdgQm62TRuKBnq0dqeUtvo9M=:"
        "pSSKhAXBG4aAMTwK+Doxlzpxcm6KcnYR/OSzxvuAwiQ=";  // of U&'I\00ADX \2163'
    const ScramVerifier other = *parse_scram_verifier(normalized);
    EXPECT_EQ(make_scram_verifier("I\u00ADX \u2163", other.salt, 4096), other);
    EXPECT_EQ(make_scram_verifier("IX IV", other.salt, 4096), other);
}

TEST(Secret, APasswordIsCheckedAgainstEachForm) {
    for (const std::string& text : {pencil_verifier, bob_pencil_md5, "pencil"s}) {
        const Secret secret = parse_secret(text);
        EXPECT_TRUE(matches_password(secret, "bob", "pencil")) << text;
        EXPECT_FALSE(matches_password(secret, "bob", "pencil2"));
        EXPECT_FALSE(matches_password(secret, "bob", ""));
        EXPECT_FALSE(matches_password(secret, "bob", text == "pencil" ? "x" : text));
    }
    EXPECT_FALSE(matches_password(parse_secret(bob_pencil_md5), "eve", "pencil"));
}

TEST(Secret, NothingMatchesAnEmptySecret) {
    EXPECT_FALSE(matches_password(parse_secret(""), "bob", ""));
    EXPECT_FALSE(matches_md5_response(parse_secret(""), "bob", {},
                                      md5_response(md5_password_hash("bob", ""), {})));
}

TEST(Secret, AnMd5ResponseIsCheckedAgainstHashAndPlainPassword) {
    const Md5Salt salt{1, 2, '\0', '\xff'};
    EXPECT_EQ(md5_password_hash("bob", "pencil"), bob_pencil_md5);
    const std::string response = md5_response(bob_pencil_md5, salt);
    EXPECT_EQ(response.size(), 35U);
    for (const std::string& text : {bob_pencil_md5, "pencil"s}) {
        const Secret secret = parse_secret(text);
        EXPECT_TRUE(matches_md5_response(secret, "bob", salt, response));
        EXPECT_FALSE(matches_md5_response(secret, "bob", {1, 2, 0, 0}, response));
        EXPECT_FALSE(matches_md5_response(secret, "bob", salt, response.substr(0, 34)));
        EXPECT_FALSE(matches_md5_response(secret, "bob", salt, bob_pencil_md5));
        EXPECT_FALSE(matches_md5_response(secret, "bob", salt, ""));
    }
    EXPECT_FALSE(matches_md5_response(parse_secret("pencil"), "eve", salt, response));
    EXPECT_FALSE(matches_md5_response(parse_secret(pencil_verifier), "bob", salt, response));
}

TEST(Secret, WipingLeavesNoKey) {
    ScramKeys keys = derive_scram_keys("pencil", "salt", 1);
    wipe(keys);
    EXPECT_EQ(keys, ScramKeys{});
    Secret plain = parse_secret("pencil");
    wipe(plain);
    EXPECT_EQ(plain, Secret(PlainPassword{}));
}

}  // namespace
}  // namespace pgweir::protocol
