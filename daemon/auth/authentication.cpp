#include "daemon/auth/authentication.hpp"

#include <openssl/rand.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "conf/access/ident_map.hpp"
#include "daemon/auth/credentials.hpp"
#include "pool/lending/registry.hpp"
#include "protocol/auth/authentication.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::daemon {

namespace {

namespace sqlstate = protocol::sqlstate;
using conf::AuthType;
using protocol::ErrorReport;

std::string quoted_name(std::string_view name) {
    return '"' + std::string(name) + '"';
}

// The name of the account a process runs as, where it has one.
std::optional<std::string> account_name(std::uint32_t uid) {
    std::array<char, 16384> room{};
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(uid, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
        return std::nullopt;
    }
    return entry.pw_name;
}

std::string hint_of(std::chrono::milliseconds wait) {
    return "try again in " + std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()) +
           " s";
}

}  // namespace

Task<Authentication::Outcome> Authentication::run() {
    const std::optional<AuthType> method = choose_method();
    if (!method) co_return refuse_host();
    method_ = conf::name(*method);
    if (rule_ != nullptr && rule_->needs_certificate) {
        const Outcome outcome = check_certificate(*method == AuthType::cert);
        if (outcome != Outcome::let_in) co_return outcome;
    }
    switch (*method) {
        case AuthType::trust:
            co_return co_await require_known("\"trust\" authentication failed");
        case AuthType::reject:
        case AuthType::hba:  // never a rule's method
            co_return refuse_host();
        case AuthType::cert: {
            const Outcome outcome = check_certificate(true);
            if (outcome != Outcome::let_in) co_return outcome;
            co_return co_await require_known("certificate authentication failed");
        }
        case AuthType::peer: {
            const Outcome outcome = check_peer();
            if (outcome != Outcome::let_in) co_return outcome;
            co_return co_await require_known("Peer authentication failed");
        }
        case AuthType::password:
        case AuthType::md5:
        case AuthType::scram_sha_256:
            break;
        case AuthType::ldap:
        case AuthType::pam:
            co_return co_await exchange_outside(*method);
    }
    co_return co_await check_secret(*method);
}

// Nothing: no rule fits.
std::optional<AuthType> Authentication::choose_method() {
    if (config_->auth_type != AuthType::hba) return config_->auth_type;
    rule_ = config_->hba->find({.is_local = facts_.is_unix,
                                .is_tls = facts_.is_tls,
                                .address = facts_.ip,
                                .user = facts_.user,
                                .database = facts_.database,
                                .is_physical_replication = facts_.is_physical_replication});
    if (rule_ == nullptr) return std::nullopt;
    reason_ = rule_->file + ':' + std::to_string(rule_->line) + ": " + rule_->text;
    return rule_->method;
}

// As PostgreSQL words it in ClientAuthentication().
Authentication::Outcome Authentication::refuse_host() {
    const bool physical = facts_.is_physical_replication;
    const std::string who = quoted_name(facts_.is_unix ? "[local]" : facts_.address) + ", user " +
                            quoted_name(facts_.user) +
                            (physical ? "" : ", database " + quoted_name(facts_.database)) + ", " +
                            (facts_.is_tls ? "SSL encryption" : "no encryption");
    if (config_->auth_type == AuthType::reject) {
        return refuse(sqlstate::invalid_authorization, "pgweir rejects connections",
                      "auth.type is reject");
    }
    if (rule_ == nullptr) {
        return refuse(sqlstate::invalid_authorization,
                      std::string("no pg_hba.conf entry for ") +
                          (physical ? "replication connection from host " : "host ") + who,
                      "no entry of auth_hba_file fits");
    }
    return refuse(sqlstate::invalid_authorization,
                  std::string("pg_hba.conf rejects ") +
                      (physical ? "replication connection" : "connection") + " for host " + who,
                  reason_);
}

std::string_view Authentication::map() const {
    return rule_ == nullptr ? std::string_view() : std::string_view(rule_->map);
}

// As PostgreSQL's CheckCertAuth(). Without `names_user` it is enough that it verifies, unless the
// rule says verify-full.
Authentication::Outcome Authentication::check_certificate(bool names_user) {
    if (!facts_.certificate_verified) {
        return refuse(sqlstate::invalid_authorization,
                      "connection requires a valid client certificate",
                      "no client certificate that verifies");
    }
    if (!names_user && !rule_->certificate_is_user) return Outcome::let_in;
    const bool by_dn = rule_ != nullptr && rule_->client_name_is_dn;
    const std::string& name = by_dn ? facts_.certificate_dn : facts_.certificate_cn;
    if (!name.empty() && config_->ident_maps->allows(map(), name, facts_.user)) {
        return Outcome::let_in;
    }
    return refuse(sqlstate::invalid_authorization,
                  "certificate authentication failed for user " + quoted_name(facts_.user),
                  "the certificate is for " + quoted_name(name));
}

Authentication::Outcome Authentication::check_peer() {
    const auto account = facts_.uid ? account_name(*facts_.uid) : std::nullopt;
    if (account && config_->ident_maps->allows(map(), *account, facts_.user)) {
        return Outcome::let_in;
    }
    return refuse(sqlstate::invalid_authorization,
                  "Peer authentication failed for user " + quoted_name(facts_.user),
                  !facts_.is_unix ? "peer works over Unix sockets only"
                  : account       ? "the client's account is " + quoted_name(*account)
                                  : "the client's account is unknown");
}

// For who need not show a secret. PgBouncer has a user of its own for its console.
Task<Authentication::Outcome> Authentication::require_known(std::string how) {
    const bool is_console_user =
        facts_.user == conf::console_database && conf::is_reserved_database(facts_.database);
    if (!config_->known_users_only || config_->knows_user(facts_.user) || is_console_user) {
        co_return Outcome::let_in;
    }
    const bool asked = co_await find_secrets();
    if (!asked) co_return Outcome::refused;
    if (is_found_) co_return Outcome::let_in;
    const Outcome outcome = refuse(sqlstate::invalid_authorization,
                                   std::move(how) + " for user " + quoted_name(facts_.user),
                                   "no such user, and known_users_only is set");
    // PgBouncer's words where auth_query was asked. That tells no more than the refusal does.
    if (asked_) report_.detail = "no such user";
    co_return outcome;
}

// Behind a Unix socket is an account, not all of them.
std::string Authentication::brake_address() const {
    if (!facts_.is_unix || !facts_.uid) return facts_.address;
    return facts_.address + " uid " + std::to_string(*facts_.uid);
}

// Nothing: this user may try.
std::optional<Authentication::Outcome> Authentication::braked() {
    const auto now = LoginBrake::Clock::now();
    const auto wait = shared_.brake.blocked_for(brake_address(), facts_.user, now);
    if (!wait) return std::nullopt;
    const Outcome outcome = refuse(sqlstate::invalid_authorization,
                                   "too many failed logins of user " + quoted_name(facts_.user) +
                                       " from " + quoted_name(facts_.address),
                                   "blocked by auth_failure_limit");
    report_.hint = hint_of(*wait);
    return outcome;
}

// The methods that ask for a secret, behind the brake.
Task<Authentication::Outcome> Authentication::check_secret(AuthType method) {
    if (const auto outcome = braked()) co_return *outcome;
    const bool known = co_await find_secrets();
    if (!known) co_return Outcome::refused;
    // As PostgreSQL: md5 is what the stored secret makes of it, and SCRAM for who is unknown.
    const bool md5_usable = std::ranges::any_of(secrets_, [](const protocol::Secret& secret) {
        return !std::holds_alternative<protocol::ScramVerifier>(secret);
    });
    if (method == AuthType::password) co_return co_await exchange_password();
    if (method == AuthType::md5 && md5_usable) co_return co_await exchange_md5();
    co_return co_await exchange_scram();
}

// The configuration's secrets, or what auth_query finds. False: nobody can tell just now.
Task<bool> Authentication::find_secrets() {
    for (const std::string& text : config_->secrets_of(facts_.user)) {
        if (!text.empty()) secrets_.push_back(protocol::parse_secret(text));
    }
    if (!secrets_.empty()) co_return true;
    if (const std::string problem = auth_database_problem(); !problem.empty()) {
        std::ignore =
            refuse(sqlstate::cannot_connect_now, "bouncer config error: " + problem, problem);
        co_return false;
    }
    asked_ = auth_query_source(*config_, facts_.database,
                               facts_.is_physical_replication ? "postgres" : facts_.database);
    if (!asked_) co_return true;
    const AuthAnswer answer = co_await client_.look_up(*asked_, facts_.user);
    is_found_ = answer.has_user;
    // Who asks for a database that is not there hears that, unless auth_dbname names another one
    // to ask in: "wrong password" would send the operator the wrong way.
    const bool is_asked_here = config_->options_of(facts_.database).auth_dbname.empty();
    if (is_asked_here && answer.from_server &&
        answer.from_server->code == sqlstate::invalid_catalog_name) {
        std::ignore =
            refuse(sqlstate::invalid_catalog_name, answer.from_server->message, answer.problem);
        co_return false;
    }
    if (answer.status == AuthAnswer::Status::failed) {
        std::ignore = refuse(
            sqlstate::cannot_connect_now,
            "the password of user " + quoted_name(facts_.user) + " cannot be checked just now",
            answer.problem);
        report_.detail = "bouncer config error";  // PgBouncer's words
        co_return false;
    }
    remembered_ = answer.remembered;
    if (answer.status == AuthAnswer::Status::found && !answer.secret.empty()) {
        secrets_.push_back(protocol::parse_secret(answer.secret));
    }
    co_return true;
}

// Why auth_query cannot be asked in the database that auth_dbname names; empty: it can.
std::string Authentication::auth_database_problem() const {
    const conf::PoolOptions& options = config_->options_of(facts_.database);
    const std::string& name = options.auth_dbname;
    if (options.auth_user.empty() || name.empty()) return {};
    if (config_->find_database(name) == nullptr) {
        return "authentication database " + quoted_name(name) + " is not configured";
    }
    if (client_.is_disabled(name)) {
        return "authentication database " + quoted_name(name) + " is disabled";
    }
    return {};
}

// The password may have been changed since the answer that is remembered. False: nothing is new.
Task<bool> Authentication::renew_secrets() {
    if (!std::exchange(remembered_, false)) co_return false;
    shared_.query.forget(*asked_, facts_.user);
    const AuthAnswer answer = co_await client_.look_up(*asked_, facts_.user);
    if (answer.status != AuthAnswer::Status::found || answer.secret.empty()) co_return false;
    secrets_.assign(1, protocol::parse_secret(answer.secret));
    co_return true;
}

// What the client's PasswordMessage says in answer to `request`, or how the authentication ends.
Task<std::variant<std::string, Authentication::Outcome>> Authentication::ask(std::string request) {
    const bool said = co_await client_.say(request);
    if (!said) co_return Outcome::gone;
    const auto body = co_await client_.hear(AuthConversation::Reply::password);
    if (!body) co_return Outcome::gone;
    const auto parsed = protocol::parse_password_message(*body);
    if (const auto* problem = std::get_if<ErrorReport>(&parsed)) {
        report_ = *problem;
        co_return Outcome::refused;
    }
    co_return std::string(std::get<std::string_view>(parsed));
}

Task<Authentication::Outcome> Authentication::exchange_md5() {
    protocol::Md5Salt salt{};
    RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), salt.size());
    std::string request;
    protocol::append_authentication_md5_password(request, salt);
    const auto heard = co_await ask(std::move(request));
    if (const auto* outcome = std::get_if<Outcome>(&heard)) co_return *outcome;
    const auto& response = std::get<std::string>(heard);
    const auto matches = [&](const protocol::Secret& secret) {
        return protocol::matches_md5_response(secret, facts_.user, salt, response);
    };
    auto found = std::ranges::find_if(secrets_, matches);
    if (found == secrets_.end()) {
        std::ignore = co_await renew_secrets();
        found = std::ranges::find_if(secrets_, matches);
    }
    if (found != secrets_.end()) {
        credentials_ = credentials_of(*found);
        co_return let_in();
    }
    co_return co_await fail_secret("wrong password");
}

Authentication::Outcome Authentication::let_in() {
    shared_.brake.succeeded(brake_address(), facts_.user);
    return Outcome::let_in;
}

// Wrong password or unknown user: the client cannot tell which.
Task<Authentication::Outcome> Authentication::fail_secret(std::string reason) {
    if (secrets_.empty()) reason = "no such user, or it has no password";
    if (asked_) shared_.query.forget(*asked_, facts_.user);
    co_return co_await fail(sqlstate::invalid_password, "password authentication failed",
                            std::move(reason));
}

// A wrong answer, which the brake counts; told after `at_least` or as the brake says.
Task<Authentication::Outcome> Authentication::fail(std::string_view code, std::string how,
                                                   std::string reason,
                                                   std::chrono::milliseconds at_least) {
    const LoginBrake::Failure failure =
        shared_.brake.failed(brake_address(), facts_.user,
                             {.failure_limit = config_->auth_failure_limit,
                              .failure_delay = config_->auth_failure_delay,
                              .failure_block = config_->auth_failure_block},
                             LoginBrake::Clock::now());
    blocked_ = failure.blocks;
    const Outcome outcome =
        refuse(code, std::move(how) + " for user " + quoted_name(facts_.user), std::move(reason));
    const auto delay = std::max(failure.delay, std::min(at_least, LoginBrake::max_delay));
    if (delay.count() > 0) {
        const bool waited = co_await client_.pause(delay);
        if (!waited) co_return Outcome::gone;
    }
    co_return outcome;
}

Authentication::Outcome Authentication::refuse(std::string_view code, std::string message,
                                               std::string reason) {
    report_ = ErrorReport::fatal(code, std::move(message));
    if (reason_ != reason) reason_ += (reason_.empty() ? "" : "; ") + std::move(reason);
    return Outcome::refused;
}

}  // namespace pgweir::daemon
