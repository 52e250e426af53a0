#include "pool/session/outgoing.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgweir::pool {
namespace {

void append_own(Outgoing& out, std::string_view bytes) {
    const std::size_t before = out.own().size();
    out.own().append(bytes);
    out.added(before);
}

std::string all_of(Outgoing& out) {
    std::string all;
    for (const iovec& part : out.parts()) {
        all.append(static_cast<const char*>(part.iov_base), part.iov_len);
    }
    return all;
}

TEST(Outgoing, IsEmptyAtFirst) {
    Outgoing out;
    EXPECT_TRUE(out.empty());
    EXPECT_TRUE(out.parts().empty());
    out.pass("");
    append_own(out, "");
    EXPECT_TRUE(out.empty());
    EXPECT_EQ(out.size_passed(), 0U);
}

TEST(Outgoing, PiecesGoOutInTheirOrder) {
    const std::string buffer = "one two three";
    const std::string_view view = buffer;
    Outgoing out;
    append_own(out, "<");
    out.pass(view.substr(0, 3));
    append_own(out, "><");
    out.pass(view.substr(8));
    append_own(out, ">");
    EXPECT_EQ(all_of(out), "<one><three>");
    EXPECT_EQ(out.parts().size(), 5U);
    EXPECT_EQ(out.size_passed(), 8U);
    EXPECT_FALSE(out.empty());
    EXPECT_EQ(all_of(out), "<one><three>") << "asking changes nothing";
}

// The storage of pgweir's own bytes moves as it grows.
TEST(Outgoing, OwnPiecesStayRightWhileMoreAreAppended) {
    const std::string buffer = "-";
    Outgoing out;
    std::string expected;
    for (int i = 0; i < 500; ++i) {
        append_own(out, std::to_string(i));
        out.pass(buffer);
        expected += std::to_string(i) + buffer;
    }
    EXPECT_EQ(all_of(out), expected);
    EXPECT_EQ(out.size_passed(), 500U);
}

TEST(Outgoing, NeighboursBecomeOnePiece) {
    const std::string buffer = "one two three";
    const std::string_view view = buffer;
    Outgoing out;
    out.pass(view.substr(0, 4));
    out.pass(view.substr(4, 4));
    EXPECT_EQ(out.parts().size(), 1U);
    append_own(out, "a");
    append_own(out, "b");
    EXPECT_EQ(out.parts().size(), 2U);
    out.pass(view.substr(8));
    EXPECT_EQ(out.parts().size(), 3U) << "something stands between";
    EXPECT_EQ(all_of(out), "one two abthree");
    out.pass(view.substr(0, 3));
    EXPECT_EQ(out.parts().size(), 4U) << "not behind it in the buffer";
    EXPECT_EQ(all_of(out), "one two abthreeone");
}

TEST(Outgoing, OwnBytesNextToTheBuffersInMemoryAreNotTakenForThem) {
    Outgoing out;
    append_own(out, "ab");
    const std::string_view behind = std::string_view(out.own()).substr(2);
    out.pass(behind);
    append_own(out, "c");
    EXPECT_EQ(all_of(out), "abc");
    EXPECT_EQ(out.size_passed(), 0U);
}

TEST(Outgoing, ClearedItCanBeFilledAnew) {
    const std::string buffer(10'000, 'x');
    Outgoing out;
    append_own(out, std::string(10'000, 'o'));
    out.pass(buffer);
    static_cast<void>(all_of(out));
    out.clear();
    EXPECT_TRUE(out.empty());
    EXPECT_TRUE(out.parts().empty());
    EXPECT_EQ(out.size_passed(), 0U);
    EXPECT_LT(out.own().capacity(), 10'000U) << "what one burst needed is not kept";
    append_own(out, "a");
    out.pass(std::string_view(buffer).substr(0, 1));
    EXPECT_EQ(all_of(out), "ax");
}

}  // namespace
}  // namespace pgweir::pool
