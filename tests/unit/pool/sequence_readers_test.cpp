#include "pool/sequence_readers.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgweir::pool {
namespace {

TEST(SequenceReaders, AProgramThatIsNotKnownYetMayReadItsFirstValues) {
    SequenceReaders readers;
    EXPECT_EQ(readers.stay("shop"), SequenceReaders::stay_of_unknown);
    for (unsigned i = 0; i < SequenceReaders::values_to_learn; ++i) {
        ASSERT_TRUE(readers.got_value("shop")) << i;
    }
    EXPECT_FALSE(readers.got_value("shop")) << "it is known by now that it reads none";
    EXPECT_TRUE(readers.got_value("")) << "of another program that is not known";
}

TEST(SequenceReaders, AProgramThatHasReadOneMayReadEach) {
    SequenceReaders readers;
    readers.has_read("shop");
    for (unsigned i = 0; i < 2 * SequenceReaders::values_to_learn; ++i) {
        ASSERT_TRUE(readers.got_value("shop")) << i;
    }
    EXPECT_EQ(readers.stay("shop"), SequenceReaders::stay_of_reader);
    EXPECT_EQ(readers.stay("other"), SequenceReaders::stay_of_unknown);
}

TEST(SequenceReaders, AProgramIsHeardOfAlsoWhenItReadsLate) {
    SequenceReaders readers;
    for (unsigned i = 0; i <= SequenceReaders::values_to_learn; ++i) {
        static_cast<void>(readers.got_value("shop"));
    }
    readers.has_read("shop");
    EXPECT_TRUE(readers.got_value("shop"));
}

TEST(SequenceReaders, AProgramThatMayReadItsOwnKeepsNothingForIt) {
    SequenceReaders readers;
    for (unsigned i = 0; i < SequenceReaders::values_to_learn; ++i) {
        static_cast<void>(readers.got_value("shop"));
    }
    EXPECT_FALSE(readers.expects("shop"));
    readers.may_read("shop");
    EXPECT_TRUE(readers.expects("shop"));
    EXPECT_FALSE(readers.got_value("shop"));
    EXPECT_EQ(readers.stay("shop"), SequenceReaders::stay_of_unknown);
}

// One client that took many names made a reader of whatever came later.
TEST(SequenceReaders, ProgramsThatAreTooManyAreLearnedAnew) {
    SequenceReaders readers;
    for (std::size_t i = 0; i < SequenceReaders::most_programs; ++i) {
        readers.has_read("program " + std::to_string(i));
    }
    EXPECT_EQ(readers.stay("program 1"), SequenceReaders::stay_of_reader);
    EXPECT_EQ(readers.stay("another"), SequenceReaders::stay_of_unknown);
    EXPECT_EQ(readers.stay("program 1"), SequenceReaders::stay_of_unknown);
}

}  // namespace
}  // namespace pgweir::pool
