#include "pool/session/sequence_readers.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgweir::pool {
namespace {

TEST(SequenceReaders, AProgramThatIsNotKnownYetMayReadItsFirstValues) {
    SequenceReaders readers;
    EXPECT_FALSE(readers.reads_later("shop"));
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
    EXPECT_TRUE(readers.reads_later("shop"));
    EXPECT_FALSE(readers.reads_later("other"));
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
    EXPECT_FALSE(readers.reads_later("shop"));
}

// One client that took many names made a reader of whatever came later.
TEST(SequenceReaders, ProgramsThatAreTooManyAreLearnedAnew) {
    SequenceReaders readers;
    for (std::size_t i = 0; i < SequenceReaders::most_programs; ++i) {
        readers.has_read("program " + std::to_string(i));
    }
    EXPECT_TRUE(readers.reads_later("program 1"));
    EXPECT_FALSE(readers.reads_later("another"));
    EXPECT_FALSE(readers.reads_later("program 1"));
}

TEST(SequenceReaders, AClientsProgramIsKnownByItsApplicationName) {
    SequenceReaders readers;
    const SessionSettings shop(std::vector{Parameter("application_name", "shop")});
    const SessionSettings nameless(std::vector<Parameter>{});
    ClientsProgram program(readers, shop);
    program.has_read();
    EXPECT_TRUE(program.reads_later());
    EXPECT_TRUE(readers.reads_later("shop"));
    ClientsProgram without_name(readers, nameless);
    EXPECT_FALSE(without_name.reads_later());
    without_name.has_read();
    EXPECT_TRUE(readers.reads_later(""));
}

TEST(SequenceReaders, AClientsProgramLearnsAsAllOfItsNameDo) {
    SequenceReaders readers;
    const SessionSettings settings(std::vector{Parameter("application_name", "shop")});
    ClientsProgram program(readers, settings);
    for (unsigned i = 0; i < SequenceReaders::values_to_learn; ++i) {
        EXPECT_TRUE(program.got_value());
    }
    EXPECT_FALSE(readers.got_value("shop"));
    EXPECT_FALSE(program.expects());
    program.may_read();
    EXPECT_TRUE(readers.expects("shop"));
}

}  // namespace
}  // namespace pgweir::pool
