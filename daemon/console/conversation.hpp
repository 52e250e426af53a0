// One console session, message by message: the simple and the extended protocol.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/console/command_table.hpp"
#include "daemon/console/ordinary_statements.hpp"
#include "pool/io/asio.hpp"
#include "protocol/wire/query_bodies.hpp"

namespace pgweir::daemon::console {

using protocol::Bytes;

/// The rest of the process, as a conversation sees it.
class Host {
  public:
    virtual ~Host() = default;
    Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    /// Carries a command out. Suspends until there is an answer.
    virtual Task<Answer> carry_out(const Command& command) = 0;
    [[nodiscard]] virtual Asker asker() const = 0;
};

/// Answers messages. Lives on its client's worker. Bounded: a client has so many statements and
/// portals and no more.
class Conversation {
  public:
    Conversation(Host& host, Role role, const std::vector<protocol::Parameter>& startup)
        : host_(host), role_(role), settings_(startup) {}

    [[nodiscard]] const SessionSettings& settings() const { return settings_; }

    /// Answers one whole message, but for Terminate. Suspends while a command is carried out.
    Task<> take(protocol::Frontend type, Bytes body, std::string& out);
    /// Answers a message that was too long to be read whole.
    void refuse_long(protocol::Frontend type, std::string& out);

  private:
    /// A statement that was understood; empty text is a statement, too.
    struct Prepared {
        std::variant<std::monostate, Command, OrdinaryStatement> what;
        std::vector<std::uint32_t> parameters;

        [[nodiscard]] std::span<const Column> columns() const;
        [[nodiscard]] bool ends_transaction() const;
    };
    using PreparedPtr = std::shared_ptr<const Prepared>;
    struct Portal {
        PreparedPtr statement;
        std::vector<protocol::Format> formats;
        std::optional<Answer> answer;  ///< once it was executed
        std::size_t next_row = 0;
    };
    using Understood = std::variant<PreparedPtr, ErrorReport>;

    Task<> take_query(Bytes body, std::string& out);
    void take_parse(Bytes body, std::string& out);
    void take_bind(Bytes body, std::string& out);
    void take_describe(Bytes body, std::string& out);
    Task<> take_execute(Bytes body, std::string& out);
    void take_close(Bytes body, std::string& out);

    [[nodiscard]] Understood understand(const Tokens& tokens) const;
    Task<Answer> run(PreparedPtr statement);
    void follow_transaction(const Prepared& statement);
    void describe(const Prepared& statement, std::span<const protocol::Format> formats,
                  std::string& out) const;
    void append_notices(const Answer& answer, std::string& out);
    void report_changes(std::string& out);
    void fail(const ErrorReport& report, std::string& out);
    void fail_extended(const ErrorReport& report, std::string& out);
    void append_ready(std::string& out) const;

    static constexpr std::size_t most_statements = 100;

    Host& host_;
    const Role role_;
    SessionSettings settings_;
    std::vector<protocol::Parameter> told_ = settings_.reported();
    protocol::TransactionStatus status_ = protocol::TransactionStatus::idle;
    bool skipping_ = false;  ///< an extended query has failed: up to Sync
    boost::unordered_flat_map<std::string, PreparedPtr> statements_;
    boost::unordered_flat_map<std::string, Portal> portals_;
};

}  // namespace pgweir::daemon::console
