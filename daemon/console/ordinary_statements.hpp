// What drivers and tools say to any PostgreSQL of their own accord: the console answers it, so that
// they can be used there. None of these has an effect.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/console/answer.hpp"
#include "daemon/console/lexer.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::daemon::console {

/// A console session's settings, by name in lower case. They are kept and shown, and change
/// nothing.
class SessionSettings {
  public:
    /// `startup` is what the client's StartupMessage asks for.
    explicit SessionSettings(const std::vector<protocol::Parameter>& startup);

    /// What a ParameterStatus tells, at login and after a change.
    [[nodiscard]] std::vector<protocol::Parameter> reported() const;
    [[nodiscard]] const std::string* find(std::string_view name) const;
    /// Only for a setting that is there.
    void set(std::string_view name, std::string value);
    /// As at the login.
    void reset() { values_ = at_login_; }

  private:
    std::map<std::string, std::string, std::less<>> values_;
    std::map<std::string, std::string, std::less<>> at_login_;
};

/// Who asks, and for what an answer may differ.
struct Asker {
    std::string user;
    std::string database;
    std::uint32_t pid = 0;               ///< of its BackendKeyData
    std::vector<std::string> databases;  ///< that there are
};

/// One such statement. Its columns are known before it is run, as Describe wants it.
class OrdinaryStatement {
  public:
    enum class Kind : std::uint8_t {
        nothing,  ///< answered with its tag
        begin,
        end,  ///< COMMIT and ROLLBACK
        set,
        reset,
        show,
        select,
    };

    /// Nothing: it is none, and may be a command of the console.
    [[nodiscard]] static std::optional<OrdinaryStatement> parse(const Tokens& tokens,
                                                                const SessionSettings& settings);

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
    /// Why it cannot be answered, as far as that is known beforehand.
    [[nodiscard]] const std::optional<ErrorReport>& problem() const { return problem_; }
    [[nodiscard]] Answer run(const Asker& asker, SessionSettings& settings) const;

  private:
    void take_set(std::span<const Token> rest);
    void take_show(const std::string& name);
    void take_select(std::span<const Token> rest);
    void add_column(std::string name);
    [[nodiscard]] Cell value_of(const Tokens& expression, const Asker& asker,
                                SessionSettings& settings) const;

    Kind kind_ = Kind::nothing;
    std::string tag_;
    std::string name_;  ///< of a setting
    std::string value_;
    std::vector<Tokens> expressions_;  ///< of a SELECT
    bool has_rows_ = false;            ///< of a SELECT: one row of its expressions
    bool lists_databases_ = false;     ///< ... one for each database
    std::optional<ErrorReport> problem_;
    std::vector<std::shared_ptr<const std::string>>
        names_;  ///< of the columns, which refer to them
    std::vector<Column> columns_;
};

}  // namespace pgweir::daemon::console
