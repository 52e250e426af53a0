#include "pool/connect/key_login.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "pool/connect/login_guard.hpp"
#include "pool/connect/server_dialogue.hpp"
#include "protocol/auth/authentication.hpp"
#include "protocol/auth/scram_client.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

namespace {

using protocol::Backend;
using protocol::Bytes;

// A server says some hundred bytes; what says more than this is no login.
constexpr std::size_t longest_login = 1U << 20U;

// libpq lets one port (host, …) stand for all hosts: returns that one, or the index-th.
std::string element(const std::vector<std::string>& list, std::size_t index) {
    return list.size() == 1 ? list.front() : index < list.size() ? list[index] : std::string();
}

// The version that a keyword of libpq names.
std::uint32_t protocol_version_of(std::string_view name) {
    return name == "3.2" || name == "latest" ? protocol::protocol_3_2 : protocol::protocol_3_0;
}

std::string startup_message(const Keywords& keywords) {
    std::vector<protocol::Parameter> parameters;
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) parameters.emplace_back(name, value);
    };
    const std::string_view user = keyword(keywords, "user");
    const std::string_view database = keyword(keywords, "dbname");
    const std::string_view name = keyword(keywords, "application_name");
    add("user", user);
    add("database", database.empty() ? user : database);
    add("application_name", name.empty() ? keyword(keywords, "fallback_application_name") : name);
    add("client_encoding", keyword(keywords, "client_encoding"));
    add("options", keyword(keywords, "options"));
    add("replication", keyword(keywords, "replication"));
    std::string message;
    protocol::append_startup_message(
        message, protocol_version_of(keyword(keywords, "max_protocol_version")), parameters);
    return message;
}

// The login on one connection, from StartupMessage to ReadyForQuery.
class Login {
  public:
    Login(ServerDialogue& dialogue, const Keywords& keywords, const ServerCredentials& credentials)
        : dialogue_(dialogue), keywords_(keywords), credentials_(credentials) {}

    ServerConnection connection;
    ConnectFailure failure;

    /// False: see `failure`.
    Task<bool> run() {
        std::string problem = co_await dialogue_.send(startup_message(keywords_));
        bool ended = false;
        std::size_t total = 0;
        while (problem.empty() && !ready_) {
            const std::size_t before = bytes_.size();
            problem = co_await dialogue_.receive(bytes_, ended);
            total += bytes_.size() - before;
            if (problem.empty() && ended) problem = "server closed the connection unexpectedly";
            if (problem.empty() && total > longest_login) problem = "the login says too much";
            if (problem.empty()) problem = take_messages();
            if (problem.empty() && !answer_.empty()) {
                problem = co_await dialogue_.send(std::exchange(answer_, {}));
            }
        }
        if (problem.empty()) co_return true;
        failure.explanation = std::move(problem);
        co_return false;
    }

  private:
    // All whole messages at hand. Empty: go on.
    std::string take_messages() {
        while (bytes_.size() >= header_size) {
            const std::uint32_t length = protocol::read_uint32(Bytes(bytes_).substr(1));
            if (length < 4 || length > longest_login_message)
                return "a message of impossible length";
            if (bytes_.size() < 1 + length) break;
            if (ready_) return "bytes behind ReadyForQuery";
            const std::string body = bytes_.substr(header_size, length - 4);
            const auto type = static_cast<Backend>(bytes_.front());
            bytes_.erase(0, 1 + length);
            std::string problem = take(type, body);
            if (!problem.empty()) return problem;
        }
        return ready_ && !bytes_.empty() ? "bytes behind ReadyForQuery" : std::string();
    }

    std::string take(Backend type, Bytes body) {
        if (type == Backend::error_response) {
            failure.from_server = protocol::parse_error_report(body);
            failure.from_server->severity = "FATAL";
            return failure.from_server->message.empty() ? "the server refused without a reason"
                                                        : failure.from_server->message;
        }
        if (type == Backend::notice_response) return {};
        if (!authenticated_) {
            if (type == Backend::authentication) return authenticate(body);
            if (type == Backend::negotiate_protocol_version) return take_version(body);
        } else if (type == Backend::parameter_status) {
            return take_parameter(body);
        } else if (type == Backend::backend_key_data && body.size() > 4 &&
                   body.size() <= 4 + protocol::longest_cancel_secret) {
            connection.cancel_key = {.pid = protocol::read_uint32(body),
                                     .secret = std::string(body.substr(4))};
            return {};
        } else if (type == Backend::ready_for_query) {
            ready_ = true;
            return {};
        }
        return std::string("a message of type '") + static_cast<char>(type) +
               "' does not belong into a login";
    }

    // The server speaks an older version than was asked for. That is all it can say: no protocol
    // option was asked for.
    std::string take_version(Bytes body) const {
        if (body.size() != 8) return "a malformed NegotiateProtocolVersion";
        const std::uint32_t version = protocol::read_uint32(body);
        const std::string_view least = keyword(keywords_, "min_protocol_version");
        const auto most = protocol_version_of(keyword(keywords_, "max_protocol_version"));
        if (version < protocol::protocol_3_0 || version >= most) {
            return "the server negotiates another protocol than was asked for";
        }
        if (version >= protocol_version_of(least)) return {};
        return "server only supports protocol version 3." + std::to_string(version & 0xffffU) +
               ", but \"min_protocol_version\" was set to " + std::string(least);
    }

    std::string take_parameter(Bytes body) {
        const std::size_t end = body.find('\0');
        if (end == Bytes::npos || body.back() != '\0' || end + 1 == body.size()) {
            return "a malformed ParameterStatus";
        }
        connection.reported.emplace_back(body.substr(0, end),
                                         body.substr(end + 1, body.size() - end - 2));
        return {};
    }

    std::string authenticate(Bytes body) {
        const auto request = protocol::parse_authentication(body);
        if (const auto* problem = std::get_if<protocol::ErrorReport>(&request)) {
            return problem->message;
        }
        if (std::holds_alternative<protocol::AuthenticationOk>(request)) {
            // A server that knows nothing of the password must not get away with "all right".
            if (scram_ && !scram_->finished()) return "the server did not prove who it is";
            if (must_bind() && !scram_) return "channel binding required, but not offered";
            authenticated_ = true;
            return {};
        }
        if (const auto* md5 = std::get_if<protocol::AuthenticationMd5Password>(&request)) {
            if (credentials_.md5_hash.empty() || must_bind()) {
                failure.secret_unfit = true;
                return "the server asks for an MD5 password, which is not known";
            }
            protocol::append_password_message(
                answer_, protocol::md5_response(credentials_.md5_hash, md5->salt));
            return {};
        }
        if (const auto* sasl = std::get_if<protocol::AuthenticationSasl>(&request)) {
            return start_scram(sasl->mechanisms);
        }
        if (const auto* more = std::get_if<protocol::AuthenticationSaslContinue>(&request)) {
            if (!scram_) return "SASL out of turn";
            auto reply = scram_->proceed(more->data);
            if (const auto* problem = std::get_if<protocol::ErrorReport>(&reply)) {
                return problem->message;
            }
            protocol::append_sasl_response(answer_, std::get<std::string>(reply));
            return {};
        }
        if (const auto* last = std::get_if<protocol::AuthenticationSaslFinal>(&request)) {
            if (!scram_) return "SASL out of turn";
            const auto problem = scram_->finish(last->data);
            return problem ? problem->message : std::string();
        }
        return "the server asks for a password in a form that pgweir does not know: give the user "
               "one in `users` or the database entry";
    }

    std::string start_scram(const std::vector<std::string>& mechanisms) {
        if (scram_) return "SASL out of turn";
        if (!credentials_.scram) {
            failure.secret_unfit = true;
            return "the server asks for SCRAM, and only an MD5 hash of the password is known";
        }
        protocol::ScramClientOptions options{.credentials = *credentials_.scram,
                                             .require_channel_binding = must_bind()};
        if (dialogue_.tls() != nullptr && keyword(keywords_, "channel_binding") != "disable") {
            X509* const certificate = SSL_get0_peer_certificate(dialogue_.tls());
            std::string hash =
                certificate == nullptr ? std::string() : tls_server_end_point(certificate);
            if (!hash.empty()) options.channel_binding = std::move(hash);
        }
        scram_.emplace(std::move(options));
        auto first = scram_->start(mechanisms);
        if (const auto* problem = std::get_if<protocol::ErrorReport>(&first)) {
            return problem->message;
        }
        protocol::append_sasl_initial_response(answer_,
                                               std::get<protocol::SaslInitialResponse>(first));
        return {};
    }

    [[nodiscard]] bool must_bind() const {
        return keyword(keywords_, "channel_binding") == "require";
    }

    ServerDialogue& dialogue_;
    const Keywords& keywords_;
    const ServerCredentials& credentials_;
    std::optional<protocol::ScramClient> scram_;
    std::string bytes_;
    std::string answer_;
    bool authenticated_ = false;
    bool ready_ = false;
};

// Whether a server is of the kind that target_session_attrs asks for, as libpq decides it.
bool is_wanted(const ServerConnection& connection, std::string_view wanted) {
    const auto reported = [&](std::string_view name) {
        const std::string* const value = find_parameter(connection.reported, name);
        return value != nullptr && *value == "on";
    };
    const bool standby = reported("in_hot_standby");
    const bool read_only = standby || reported("default_transaction_read_only");
    if (wanted == "read-write") return !read_only;
    if (wanted == "read-only") return read_only;
    if (wanted == "primary") return !standby;
    if (wanted == "standby") return standby;
    return true;  // any, and prefer-standby, which takes what it gets
}

// One host, encrypted or not.
Task<ConnectResult> attempt(asio::io_context& io, const Keywords& keywords,
                            const ServerCredentials& credentials, const SocketAddress& address,
                            const std::string& host, bool encrypted, ConnectProgress& progress) {
    const auto dialogue = std::make_shared<ServerDialogue>(io);
    progress.interrupt = [dialogue] { dialogue->end(); };
    ConnectResult result;
    std::string problem = co_await dialogue->connect(address);
    bool agreed = false;
    if (problem.empty() && encrypted) {
        problem = co_await dialogue->start_tls(keywords, host, agreed);
        if (problem.empty() && !agreed && ssl_mode(keywords) >= SslMode::require) {
            problem = "server does not support SSL, but SSL was required";
        }
    }
    Login login(*dialogue, keywords, credentials);
    bool in = false;
    if (problem.empty()) in = co_await login.run();
    progress.interrupt = nullptr;
    if (!in) {
        result.failure = std::move(login.failure);
        if (!problem.empty()) result.failure.explanation = std::move(problem);
        result.failure.timed_out = progress.timed_out;
        co_return result;
    }
    login.connection.address = address;
    login.connection.connected_at = Clock::now();
    login.connection.own = std::make_unique<OwnConnection>();
    login.connection.own->socket = dialogue->release(login.connection.own->tls);
    if (login.connection.own->tls) {
        login.connection.tls_keywords = std::make_shared<const Keywords>(keywords);
        login.connection.host = host;
    }
    if (is_wanted(login.connection, keyword(keywords, "target_session_attrs"))) {
        result.connection = std::move(login.connection);
    } else {
        result.failure.explanation = "the server is not what target_session_attrs asks for";
    }
    co_return result;
}

// In which order libpq tries with and without TLS.
std::vector<bool> attempts_for(SslMode mode, bool is_unix) {
    if (is_unix || mode == SslMode::disable) return {false};
    if (mode == SslMode::allow) return {false, true};
    if (mode == SslMode::prefer) return {true, false};
    return {true};
}

}  // namespace

Task<ConnectResult> connect_with_keys(asio::io_context& io, const Keywords& keywords,
                                      std::shared_ptr<const ServerCredentials> credentials,
                                      ConnectProgress& progress) {
    const auto hosts = split_list(keyword(keywords, "host"));
    const auto addresses = split_list(keyword(keywords, "hostaddr"));
    const auto ports = split_list(keyword(keywords, "port"));
    ConnectResult result;
    for (std::size_t i = 0; i < std::max(hosts.size(), addresses.size()); ++i) {
        std::string host = i < hosts.size() ? hosts[i] : std::string();
        const std::string numeric = i < addresses.size() ? addresses[i] : std::string();
        if (host.empty() && numeric.empty()) host = "/var/run/postgresql";  // Debian's libpq
        const auto address = server_address(host, numeric, element(ports, i));
        if (!address) {
            result.failure.explanation = "\"" + host + "\" is not the address of a server";
            continue;
        }
        const bool is_unix = address->storage.ss_family == AF_UNIX;
        for (const bool encrypted : attempts_for(ssl_mode(keywords), is_unix)) {
            result =
                co_await attempt(io, keywords, *credentials, *address, host, encrypted, progress);
            if (result.connection || progress.timed_out) co_return result;
            result.failure.explanation = "connection to server at \"" + address->to_string() +
                                         "\" failed: " + result.failure.explanation;
        }
    }
    co_return result;
}

}  // namespace pgweir::pool
