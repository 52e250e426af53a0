#include "daemon/process/service_manager.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace pgweir::daemon {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

/// systemd's end of the notify socket, in Linux' abstract namespace.
class NotifySocket : public testing::Test {
  protected:
    NotifySocket() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const std::string name = "pgweir-test-" + std::to_string(getpid());
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path + 1, sizeof address.sun_path - 2);
        const auto length =
            static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
        EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
        setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    }
    void TearDown() override {
        unsetenv("NOTIFY_SOCKET");
        close(socket_);
    }

    /// The message that has arrived; they are delivered before sd_notify returns.
    [[nodiscard]] std::string message() const {
        char buffer[4096];
        const ssize_t size = recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
        return size < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(size));
    }

    int socket_;
};

TEST_F(NotifySocket, HearsReady) {
    service_manager::notify_ready();
    EXPECT_EQ(message(), "READY=1");
}

TEST_F(NotifySocket, HearsReloadingWithTheTime) {
    service_manager::notify_reloading();
    EXPECT_THAT(message(), testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
}

TEST_F(NotifySocket, HearsStopping) {
    service_manager::notify_stopping();
    EXPECT_EQ(message(), "STOPPING=1");
}

TEST_F(NotifySocket, HearsTheWatchdogFed) {
    service_manager::notify_watchdog();
    EXPECT_EQ(message(), "WATCHDOG=1");
}

TEST_F(NotifySocket, AStatusIsOneLine) {
    service_manager::notify_status("3 clients\nMAINPID=1");
    EXPECT_EQ(message(), "STATUS=3 clients MAINPID=1");
}

TEST(ServiceManager, NobodyToNotifyIsFine) {
    unsetenv("NOTIFY_SOCKET");
    service_manager::notify_ready();
    setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
    service_manager::notify_ready();
    setenv("NOTIFY_SOCKET", "nonsense", 1);
    service_manager::notify_ready();
    unsetenv("NOTIFY_SOCKET");
}

class WatchdogInterval : public testing::Test {
  protected:
    void TearDown() override {
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
    }
};

TEST_F(WatchdogInterval, IsHalfOfWhatSystemdWaits) {
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    EXPECT_EQ(service_manager::watchdog_interval(), 15s);
}

TEST_F(WatchdogInterval, IsNoneForAnotherProcess) {
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(service_manager::watchdog_interval(), std::nullopt);
}

TEST_F(WatchdogInterval, IsNoneWithoutAWatchdogOrWithANonsensicalOne) {
    EXPECT_EQ(service_manager::watchdog_interval(), std::nullopt);
    setenv("WATCHDOG_USEC", "soon", 1);
    EXPECT_EQ(service_manager::watchdog_interval(), std::nullopt);
}

int listening_tcp() {
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    listen(descriptor, 1);
    return descriptor;
}

/// Runs in a child, as systemd's descriptors are 3 and up, where ours may be something else. Its
/// exit code: the number of sockets taken, or 100 if something else is wrong.
[[noreturn]] void take_over(std::vector<int> (*make)(), int expected_first) {
    std::vector<int> made = make();
    for (int& descriptor : made) descriptor = fcntl(descriptor, F_DUPFD, 100);
    int next = 3;
    for (const int descriptor : made) dup2(descriptor, next++);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", std::to_string(made.size()).c_str(), 1);
    const std::vector<int> taken = service_manager::inherited_sockets();
    bool good = taken.empty() || taken.front() == expected_first;
    for (const int descriptor : taken)
        good = good && (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0;
    for (int descriptor = 3; descriptor < next; ++descriptor) {
        const bool open = fcntl(descriptor, F_GETFD) != -1;
        good = good && open == (std::ranges::find(taken, descriptor) != taken.end());
    }
    good = good && getenv("LISTEN_FDS") == nullptr && getenv("LISTEN_PID") == nullptr;
    std::_Exit(good ? static_cast<int>(taken.size()) : 100);
}

TEST(InheritedSocketsDeathTest, ListeningSocketsAreTaken) {
    EXPECT_EXIT(take_over(
                    [] {
                        return std::vector{listening_tcp(), listening_tcp()};
                    },
                    3),
                testing::ExitedWithCode(2), "");
}

TEST(InheritedSocketsDeathTest, WhatDoesNotListenIsReportedAndClosed) {
    const auto make = [] {
        return std::vector{socket(AF_INET, SOCK_STREAM, 0), socket(AF_INET, SOCK_DGRAM, 0),
                           open("/dev/null", O_RDONLY), listening_tcp()};
    };
    EXPECT_EXIT(take_over(make, 6), testing::ExitedWithCode(1),
                "inherited_descriptor_refused descriptor=3 .*descriptor=4 .*descriptor=5 ");
}

TEST(InheritedSockets, AreNoneWithoutSocketActivationOrForAnotherProcess) {
    EXPECT_THAT(service_manager::inherited_sockets(), IsEmpty());
    setenv("LISTEN_PID", "1", 1);
    setenv("LISTEN_FDS", "1", 1);
    EXPECT_THAT(service_manager::inherited_sockets(), IsEmpty());
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", "many", 1);
    EXPECT_THAT(service_manager::inherited_sockets(), IsEmpty());
    EXPECT_EQ(getenv("LISTEN_FDS"), nullptr);
}

class WatchdogTest : public testing::Test {
  protected:
    Watchdog::Clock::time_point now_{1h};
    Watchdog watchdog_{3, now_};

    void beat_all() {
        for (std::size_t worker = 0; worker < 3; ++worker) watchdog_.beat(worker);
    }
    bool feed_after(std::chrono::seconds pause) { return watchdog_.feed(now_ += pause); }
};

TEST_F(WatchdogTest, IsFedWhenEveryWorkerHasBeaten) {
    beat_all();
    EXPECT_TRUE(feed_after(1s));
    EXPECT_THAT(watchdog_.silent(), IsEmpty());
}

TEST_F(WatchdogTest, IsNotFedBeforeTheFirstBeats) {
    EXPECT_FALSE(feed_after(1s));
}

TEST_F(WatchdogTest, AWorkerThatIsStuckKeepsItHungryAndIsNamed) {
    beat_all();
    ASSERT_TRUE(feed_after(1s));
    for (int second = 1; second <= 5; ++second) {
        watchdog_.beat(0);
        watchdog_.beat(2);
        EXPECT_FALSE(feed_after(1s));
        ASSERT_THAT(watchdog_.silent(), SizeIs(1));
        EXPECT_EQ(watchdog_.silent()[0].worker, 1U);
        EXPECT_EQ(watchdog_.silent()[0].since, std::chrono::seconds(second));
    }
}

TEST_F(WatchdogTest, OldBeatsDoNotCountTwice) {
    beat_all();
    beat_all();
    ASSERT_TRUE(feed_after(1s));
    EXPECT_FALSE(feed_after(1s));
    EXPECT_THAT(watchdog_.silent(), SizeIs(3));
}

TEST_F(WatchdogTest, BeatsOfOneRoundMayComeAtDifferentLooks) {
    watchdog_.beat(0);
    EXPECT_FALSE(feed_after(1s));
    watchdog_.beat(1);
    EXPECT_FALSE(feed_after(1s));
    watchdog_.beat(2);
    EXPECT_TRUE(feed_after(1s));
}

TEST_F(WatchdogTest, AWorkerThatComesBackIsForgiven) {
    watchdog_.beat(0);
    watchdog_.beat(1);
    ASSERT_FALSE(feed_after(10s));
    watchdog_.beat(2);
    EXPECT_TRUE(feed_after(1s));
    EXPECT_THAT(watchdog_.silent(), IsEmpty());
}

TEST_F(WatchdogTest, WithoutWorkersThereIsNothingToWaitFor) {
    Watchdog idle(0, now_);
    EXPECT_TRUE(idle.feed(now_));
}

}  // namespace
}  // namespace pgweir::daemon
