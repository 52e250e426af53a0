// A PostgreSQL that says only what a test has it say.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

/// One connection, seen from the server. It logs in whoever comes; after that, messages pile up
/// until the test takes them, and nothing is answered but by the test.
class ScriptedBackend {
  public:
    ScriptedBackend(int socket, std::uint32_t number)
        : socket_(socket), key_{.pid = number, .secret = "key!"} {}
    ~ScriptedBackend() { hang_up(); }
    ScriptedBackend(const ScriptedBackend&) = delete;
    ScriptedBackend& operator=(const ScriptedBackend&) = delete;

    /// The next message as its type and its body without the last zero byte ("QROLLBACK", "S",
    /// "X"), or "" when there is none.
    std::string take() {
        if (messages_.empty()) return "";
        std::string message = std::move(messages_.front());
        messages_.pop_front();
        return message;
    }
    void say(std::string_view bytes) const {
        EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    /// CommandComplete and ReadyForQuery.
    void complete(std::string_view tag,
                  protocol::TransactionStatus status = protocol::TransactionStatus::idle) const {
        std::string reply = message('C', std::string(tag) + '\0');
        protocol::append_ready_for_query(reply, status);
        say(reply);
    }
    void fail(std::string_view code, protocol::TransactionStatus status) const {
        std::string reply;
        protocol::append_error_response(reply, protocol::ErrorReport::error(code, "scripted"));
        protocol::append_ready_for_query(reply, status);
        say(reply);
    }
    [[nodiscard]] bool has_message() const { return !messages_.empty(); }
    [[nodiscard]] bool logged_in() const { return logged_in_; }
    /// The client has closed its side.
    [[nodiscard]] bool ended() const { return ended_; }
    /// Whether this connection was opened to send a CancelRequest, and for which key.
    [[nodiscard]] bool is_cancel() const { return cancels_.pid != 0; }
    [[nodiscard]] protocol::CancelKey cancels() const { return cancels_; }
    [[nodiscard]] protocol::CancelKey key() const { return key_; }
    void hang_up() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }

    /// Takes what has arrived. False: nothing has.
    bool poll() {
        if (socket_ < 0 || ended_) return false;
        const std::size_t before = unread_.size();
        std::array<char, 4096> room{};
        ssize_t size = 0;
        while ((size = ::recv(socket_, room.data(), room.size(), 0)) > 0) {
            unread_.append(room.data(), static_cast<std::size_t>(size));
        }
        ended_ = size == 0;
        const bool has_arrived = ended_ || unread_.size() > before;
        while (take_packet()) {
        }
        return has_arrived;
    }

    static std::string message(char type, std::string_view body) {
        const std::size_t length = 4 + body.size();
        std::string bytes{type};
        for (const unsigned shift : {24U, 16U, 8U, 0U}) {
            bytes += static_cast<char>(length >> shift & 0xffU);
        }
        return bytes.append(body);
    }

  private:
    bool take_packet() {
        const std::size_t type_size = logged_in_ ? 1 : 0;
        if (unread_.size() < type_size + 4) return false;
        const std::size_t size = type_size + protocol::read_uint32(unread_.substr(type_size));
        if (unread_.size() < size) return false;
        const std::string type = unread_.substr(0, type_size);
        std::string body = unread_.substr(type_size + 4, size - type_size - 4);
        unread_.erase(0, size);
        if (!logged_in_) {
            first_packet(body);
        } else {
            if (body.ends_with('\0')) body.pop_back();
            messages_.push_back(type + body);
        }
        return true;
    }
    void first_packet(std::string_view body) {
        if (protocol::read_uint32(body) == protocol::cancel_request_code) {
            cancels_ = {.pid = protocol::read_uint32(body.substr(4)),
                        .secret = std::string(body.substr(8))};
            return;
        }
        std::string greeting;
        protocol::append_authentication_ok(greeting);
        protocol::append_parameter_status(greeting, "server_version", "15.4");
        protocol::append_parameter_status(greeting, "application_name", "");
        protocol::append_parameter_status(greeting, "TimeZone", "UTC");
        protocol::append_backend_key_data(greeting, key_);
        protocol::append_ready_for_query(greeting, protocol::TransactionStatus::idle);
        say(greeting);
        logged_in_ = true;
    }

    int socket_;
    protocol::CancelKey key_;
    protocol::CancelKey cancels_{};
    bool logged_in_ = false;
    bool ended_ = false;
    std::string unread_;
    std::deque<std::string> messages_;
};

/// Listens in a folder of its own. Everything happens in poll(): one thread is enough. What is
/// written to a socket of a folder can be read on the other side when the call returns: unlike with
/// TCP nothing is ever under way.
class ScriptedServer {
  public:
    static constexpr const char* port = "5432";

    ScriptedServer() : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
        EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path().copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listener_, 16), 0);
    }
    ~ScriptedServer() {
        ::close(listener_);
        ::unlink(path().c_str());
        ::rmdir(folder_.c_str());
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] const std::string& folder() const { return folder_; }
    /// How many connections have come, and the n-th of them.
    [[nodiscard]] std::size_t connections() const { return backends_.size(); }
    [[nodiscard]] ScriptedBackend& backend(std::size_t n) const { return *backends_.at(n); }

    /// Takes what has arrived on any of them. False: nothing has.
    bool poll() {
        bool has_arrived = false;
        int socket = -1;
        while ((socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
            backends_.push_back(std::make_unique<ScriptedBackend>(
                socket, static_cast<std::uint32_t>(1000 + backends_.size())));
            has_arrived = true;
        }
        for (const auto& backend : backends_) has_arrived = backend->poll() || has_arrived;
        return has_arrived;
    }

  private:
    [[nodiscard]] std::string path() const { return folder_ + "/.s.PGSQL." + port; }

    int listener_;
    std::string folder_ = "/tmp/pgweir-unit-XXXXXX";
    std::vector<std::unique_ptr<ScriptedBackend>> backends_;
};

}  // namespace pgweir::pool
