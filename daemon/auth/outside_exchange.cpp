// The methods `ldap` and `pam`: what came in clear is judged outside of pgweir.
#include "daemon/auth/authentication.hpp"
#include "protocol/auth/authentication.hpp"
#include "protocol/auth/crypto.hpp"

namespace pgweir::daemon {

using conf::AuthType;
namespace sqlstate = protocol::sqlstate;

// Nothing, and a refusal: the options are of no use.
std::optional<OutsideQuestion> Authentication::outside_question(AuthType method) {
    OutsideQuestion question{.user = facts_.user};
    if (method == AuthType::pam) {
        question.judge =
            PamService{.name = rule_ == nullptr ? config_->auth_pam_service : rule_->pam_service,
                       .confdir = config_->auth_pam_confdir,
                       .remote_host = facts_.is_unix ? std::string() : facts_.address,
                       .uses_host_name = rule_ != nullptr && rule_->pam_uses_host_name};
    } else if (rule_ != nullptr) {
        question.judge = rule_->ldap;
    } else {
        auto options = conf::parse_ldap_options(config_->auth_ldap_options);
        if (!options) {
            std::ignore = refuse(sqlstate::cannot_connect_now, "auth_ldap_options are wrong",
                                 options.error().message);
            return std::nullopt;
        }
        question.judge = *std::move(options);
    }
    return question;
}

Task<Authentication::Outcome> Authentication::exchange_outside(AuthType method) {
    if (const auto outcome = braked()) co_return *outcome;
    auto question = outside_question(method);
    if (!question) co_return Outcome::refused;
    std::string request;
    protocol::append_authentication_cleartext_password(request);
    // An empty password is refused here, so that no directory takes it for an anonymous bind.
    auto heard = co_await ask(std::move(request));
    if (const auto* outcome = std::get_if<Outcome>(&heard)) co_return *outcome;
    auto& password = std::get<std::string>(heard);
    question->password = password;
    const auto answer = co_await client_.judge(*std::move(question), config_->auth_check_timeout);
    if (!answer) co_return Outcome::gone;
    if (answer->verdict == OutsideAnswer::Verdict::right) {
        auto credentials = std::make_shared<pool::ServerCredentials>();
        credentials->password = std::move(password);
        credentials_ = std::move(credentials);
        co_return let_in();
    }
    protocol::wipe(password);
    const std::string how =
        std::string(method == AuthType::pam ? "PAM" : "LDAP") + " authentication failed";
    if (answer->verdict == OutsideAnswer::Verdict::wrong) {
        co_return co_await fail(sqlstate::invalid_authorization, how, answer->reason,
                                answer->delay);
    }
    co_return refuse(sqlstate::invalid_authorization, how + " for user \"" + facts_.user + '"',
                     answer->reason);
}

}  // namespace pgweir::daemon
