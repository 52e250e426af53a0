// A small model of a PostgreSQL session: transactions, settings, roles, sequences, prepared
// statements and channels, by both query protocols. It runs a few dozen texts of clients, and
// whatever pgweir asks for itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// What all sessions of a model's database share.
struct ModelDatabase {
    std::int64_t last_value = 0;  ///< of its one sequence, "s"
};

/// One session, logged in as "ann". What it says follows PostgreSQL's exec_simple_query,
/// PostgresMain, guc.c and async.c as far as the texts of SessionProgram need it.
class SessionBackend {
  public:
    using Settings = std::map<std::string, std::string>;

    /// `startup`: what the start-up packet asks for, by name in lower case.
    explicit SessionBackend(ModelDatabase& database, Settings startup = {});

    /// Takes whole messages. Returns the replies.
    std::string take(Bytes bytes);

    /// Every reported parameter, as a login tells them.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> reported() const;

    // What the session has.
    /// Settings that differ from the login's, `role` included.
    [[nodiscard]] Settings changed() const;
    [[nodiscard]] const std::map<std::string, std::string>& statements() const { return named_; }
    [[nodiscard]] bool has_statements_of_sql() const { return !prepared_.empty(); }
    [[nodiscard]] const std::set<std::string>& channels() const { return channels_; }
    /// It has no value of a sequence, or has got it in the block that is open.
    [[nodiscard]] bool may_read_sequence() const { return !sequence_value_ || is_value_of_block_; }
    [[nodiscard]] bool has_failed() const { return block_ == Block::failed; }
    [[nodiscard]] bool is_idle() const { return block_ == Block::none && !discards_; }

    /// The next of pgweir's questions about the session is cancelled.
    void cancel_next_question() { cancels_question_ = true; }

  private:
    enum class Block : std::uint8_t { none, implicit, open, failed };
    /// What a rollback brings back.
    struct Transactional {
        Settings now;        ///< settings of the session or of the transaction
        Settings at_commit;  ///< those that stay
        std::set<std::string> channels;
    };
    struct Failure {
        std::string code;
    };
    struct Savepoint {
        std::string name;
        Transactional before;
    };

    void take(protocol::Frontend type, Bytes body);
    void query(std::string_view sql);
    void parse(Bytes name, const std::string& sql);
    void bind(const protocol::BindHead& head);
    void describe(char kind, Bytes name);
    void execute(Bytes portal);
    void close(char kind, Bytes name);
    void sync();
    void fail_extended(const Failure& failure);

    // One statement.
    void begin_statement(std::string_view sql);
    void run(const std::string& sql, bool simple);
    [[nodiscard]] bool run_transaction_command(const std::string& sql);
    [[nodiscard]] bool run_setting_command(const std::string& sql);
    [[nodiscard]] bool run_session_command(const std::string& sql);
    [[nodiscard]] bool run_named_command(const std::string& sql, bool simple);
    [[nodiscard]] bool run_select(const std::string& sql, bool simple);
    void run_own_question(const std::string& sql);
    void restore_startup(const std::string& sql);
    void call_set_config(std::string_view calls);
    void tell_state(const std::string& sql);
    void discard_all();
    void set(const std::string& name, const std::optional<std::string>& value, bool local);
    void reset_all();
    void commit();
    void roll_back();
    void end_block();
    void abort();
    void ready();

    [[nodiscard]] std::string value_of(const std::string& name) const;
    [[nodiscard]] const std::string* find_statement(Bytes name) const;
    void row(const std::string& value, bool simple);
    void row_of(const std::vector<std::optional<std::string>>& values);
    void tag(std::string_view text);

    ModelDatabase& database_;
    const Settings startup_;
    Transactional state_;
    Transactional before_;  ///< the block under way
    std::vector<Savepoint> savepoints_;
    std::set<std::string> channels_;  ///< listened to, as committed
    Block block_ = Block::none;
    bool has_run_ = false;  ///< something in the block under way
    std::map<std::string, std::string> named_;
    std::set<std::string> prepared_;  ///< by SQL
    std::optional<std::string> unnamed_;
    std::map<std::string, std::string> portals_;
    std::optional<std::int64_t> sequence_value_;
    bool is_value_of_block_ = false;  ///< it was got in the block under way
    Settings told_;                   ///< reported parameters as they were told last
    bool discards_ = false;
    bool cancels_question_ = false;
    std::string out_;
};

}  // namespace pgweir::pool
