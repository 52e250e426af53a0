#include "daemon/log/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace pgweir::daemon {
namespace {

using conf::LogLevel;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

/// Puts another descriptor in the place of stderr for as long as it lives.
class Redirect {
  public:
    explicit Redirect(int descriptor) : saved_(dup(STDERR_FILENO)) {
        dup2(descriptor, STDERR_FILENO);
    }
    ~Redirect() {
        dup2(saved_, STDERR_FILENO);
        close(saved_);
    }
    Redirect(const Redirect&) = delete;
    Redirect& operator=(const Redirect&) = delete;

  private:
    int saved_;
};

class Log : public testing::Test {
  protected:
    void TearDown() override {
        close(file_);
        unsetenv("JOURNAL_STREAM");
    }

    /// What `act` logs at info level and above, through the log's own thread.
    template <typename Act>
    std::string logged(Act act) {
        const Redirect redirect(file_);
        log::start(LogLevel::info);
        act();
        log::stop();
        return text();
    }

    [[nodiscard]] std::string text() const {
        std::string all(static_cast<std::size_t>(lseek(file_, 0, SEEK_END)), '\0');
        EXPECT_EQ(pread(file_, all.data(), all.size(), 0), ssize_t(all.size()));
        return all;
    }

    int file_ = memfd_create("stderr", 0);
};

TEST_F(Log, ALineHasTimeLevelEventAndFields) {
    const std::string line = logged([] {
        log::write(LogLevel::info, "client_login",
                   {{"client", "1:42"}, {"count", 3U}, {"delta", -1}, {"tls", true}});
    });
    EXPECT_THAT(line,
                MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z "
                             "info client_login client=1:42 count=3 delta=-1 tls=true\n"));
}

TEST_F(Log, UnderTheJournalALineBeginsWithItsPriority) {
    struct stat status {};
    fstat(file_, &status);
    const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    setenv("JOURNAL_STREAM", stream.c_str(), 1);
    const std::string lines = logged([] {
        log::set_level(LogLevel::trace);
        log::write(LogLevel::trace, "a");
        log::write(LogLevel::debug, "b");
        log::write(LogLevel::info, "c");
        log::write(LogLevel::warning, "d");
        log::write(LogLevel::error, "e");
    });
    EXPECT_EQ(lines, "<7>trace a\n<7>debug b\n<6>info c\n<4>warning d\n<3>error e\n");
}

TEST_F(Log, AJournalThatStderrNoLongerLeadsToIsIgnored) {
    setenv("JOURNAL_STREAM", "1:1", 1);
    EXPECT_THAT(logged([] { log::write(LogLevel::info, "event"); }), Not(StartsWith("<")));
}

TEST_F(Log, WhatIsBelowTheLevelIsNotWritten) {
    const std::string lines = logged([] {
        EXPECT_FALSE(log::enabled(LogLevel::debug));
        log::write(LogLevel::debug, "hidden");
        log::set_level(LogLevel::debug);
        EXPECT_TRUE(log::enabled(LogLevel::debug));
        log::write(LogLevel::debug, "shown");
    });
    EXPECT_THAT(lines, HasSubstr("debug shown\n"));
    EXPECT_THAT(lines, Not(HasSubstr("hidden")));
}

TEST_F(Log, BeforeStartAndAfterStopLinesAreWrittenAtOnce) {
    const Redirect redirect(file_);
    log::write(LogLevel::error, "early");
    EXPECT_THAT(text(), EndsWith("error early\n"));
    log::start(LogLevel::info);
    log::stop();
    log::write(LogLevel::error, "late");
    EXPECT_THAT(text(), EndsWith("error late\n"));
}

TEST_F(Log, AClientsNameCannotForgeALine) {
    const std::string lines = logged([] {
        log::write(LogLevel::info, "client_login",
                   {{"user", "eve\n<3>error root_login user=root"}});
    });
    EXPECT_THAT(lines, EndsWith("user=\"eve\\n<3>error root_login user=root\"\n"));
    EXPECT_EQ(std::ranges::count(lines, '\n'), 1);
}

TEST_F(Log, EveryThreadsLinesArriveWhole) {
    constexpr int per_thread = 500;
    const std::string lines = logged([] {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([] {
                for (int i = 0; i < per_thread; ++i)
                    log::write(LogLevel::info, "event", {{"text", "0123456789"}});
            });
    });
    EXPECT_EQ(std::ranges::count(lines, '\n'), 4 * per_thread);
}

TEST_F(Log, AStalledReaderStallsNobodyAndIsToldWhatItMissed) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    std::string received;
    {
        const Redirect redirect(ends[1]);
        close(ends[1]);
        log::start(LogLevel::info);
        // Far more than the pipe and the queue hold: this would not return if write() waited.
        for (int i = 0; i < 30'000; ++i) log::write(LogLevel::info, "event", {{"number", i}});
        std::jthread reader([&] {
            char buffer[65536];
            for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
                received.append(buffer, static_cast<std::size_t>(n));
        });
        log::stop();
        // The redirect's end closes the pipe's last writer, which ends the reader.
        dup2(file_, STDERR_FILENO);
    }
    close(ends[0]);
    EXPECT_THAT(received, HasSubstr("warning log_lines_lost count="));
    EXPECT_THAT(received, HasSubstr("number=29999\n"));
    // A log that is started again counts its losses anew.
    EXPECT_THAT(logged([] { log::write(LogLevel::info, "event"); }), EndsWith("info event\n"));
}

TEST(LogQuote, PlainWordsStayAsTheyAre) {
    for (const char* word :
         {"app", "127.0.0.1:5555", "[::1]:5432", "/tmp/.s.PGSQL.1", "müller", "日本"})
        EXPECT_EQ(log::quote(word), word);
}

TEST(LogQuote, WhatWouldBlurAFieldIsQuoted) {
    EXPECT_EQ(log::quote(""), R"("")");
    EXPECT_EQ(log::quote("a b"), R"("a b")");
    EXPECT_EQ(log::quote("a=b"), R"("a=b")");
    EXPECT_EQ(log::quote(R"(a"b\c)"), R"("a\"b\\c")");
}

TEST(LogQuote, ControlCharactersAreEscaped) {
    EXPECT_EQ(log::quote("a\nb\rc\td"), R"("a\nb\rc\td")");
    EXPECT_EQ(log::quote(std::string_view("\0\x1b[2J\x7f", 6)), R"("\x00\x1b[2J\x7f")");
    // C1: a terminal takes U+009B for the start of a command.
    EXPECT_EQ(log::quote("\xc2\x9b"), R"("\xc2\x9b")");
    // Line separator, and what turns the direction of text around.
    // NOLINTNEXTLINE(misc-misleading-bidirectional): here it is only its escape
    EXPECT_EQ(log::quote("\xe2\x80\xa8\xe2\x80\xae"), R"("\xe2\x80\xa8\xe2\x80\xae")");
}

TEST(LogQuote, BytesThatAreNotUtf8AreEscaped) {
    EXPECT_EQ(log::quote("m\xfcller"), R"("m\xfcller")");
    EXPECT_EQ(log::quote("\xc3"), R"("\xc3")");                  // cut off
    EXPECT_EQ(log::quote("\xc0\x8a"), R"("\xc0\x8a")");          // a line break in too many bytes
    EXPECT_EQ(log::quote("\xed\xa0\x80"), R"("\xed\xa0\x80")");  // half of a surrogate pair
}

TEST(LogQuote, LongValuesAreCutBetweenCharacters) {
    const std::string longest(log::max_value_length, 'x');
    EXPECT_EQ(log::quote(longest), longest);
    EXPECT_EQ(log::quote(longest + "y"), longest + "...");
    const std::string at_the_edge = std::string(log::max_value_length - 1, 'x') + "ü";
    EXPECT_EQ(log::quote(at_the_edge), std::string(log::max_value_length - 1, 'x') + "...");
    const std::string not_text(2 * log::max_value_length, '\x80');
    EXPECT_THAT(log::quote(not_text), EndsWith(R"(\x80...")"));
}

/// A pipe that nobody reads, full to the brim.
class FullPipe {
  public:
    FullPipe() {
        EXPECT_EQ(pipe2(ends_, O_NONBLOCK), 0);
        while (write(ends_[1], "x", 1) == 1) {
        }
        fcntl(ends_[1], F_SETFL, 0);
    }
    ~FullPipe() {
        close(ends_[0]);
        close(ends_[1]);
    }
    FullPipe(const FullPipe&) = delete;
    FullPipe& operator=(const FullPipe&) = delete;
    [[nodiscard]] int end() const { return ends_[1]; }

  private:
    int ends_[2] = {-1, -1};
};

TEST_F(Log, WhereNobodyReadsNobodyWaits) {
    const FullPipe pipe;
    const Redirect redirect(pipe.end());
    const auto begun = std::chrono::steady_clock::now();
    log::start(LogLevel::info);
    for (int i = 0; i < 20'000; ++i) log::write(LogLevel::info, "event", {{"number", i}});
    log::stop();
    log::write(LogLevel::info, "late");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
    EXPECT_EQ(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0) << "the flags are not ours alone";
}

}  // namespace
}  // namespace pgweir::daemon
