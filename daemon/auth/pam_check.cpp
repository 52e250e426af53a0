#include "daemon/auth/pam_check.hpp"

#ifdef PGWEIR_PAM
#include <netdb.h>
#include <security/pam_appl.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#endif

namespace pgweir::daemon {

#ifdef PGWEIR_PAM
namespace {

using Verdict = OutsideAnswer::Verdict;

/// What the modules and pgweir tell each other.
struct Dialogue {
    const std::string& password;
    std::string said;                    ///< errors that modules tell the user, for the log
    std::chrono::milliseconds delay{0};  ///< that modules want after a "no"
};

void free_replies(std::span<pam_response> replies) {
    for (pam_response& reply : replies) {
        if (reply.resp == nullptr) continue;
        explicit_bzero(reply.resp, std::strlen(reply.resp));
        std::free(reply.resp);
    }
    std::free(replies.data());
}

// The replies are the modules', which free them: they are made by malloc().
int converse(int count, const pam_message** messages, pam_response** replies, void* data) {
    if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
    auto& dialogue = *static_cast<Dialogue*>(data);
    const auto size = static_cast<std::size_t>(count);
    auto* const made = static_cast<pam_response*>(std::calloc(size, sizeof(pam_response)));
    if (made == nullptr) return PAM_BUF_ERR;
    const std::span all(made, size);
    for (std::size_t i = 0; i < size; ++i) {
        const pam_message& message = *messages[i];
        if (message.msg_style == PAM_PROMPT_ECHO_OFF) {
            all[i].resp = strdup(dialogue.password.c_str());
        } else if (message.msg_style == PAM_ERROR_MSG || message.msg_style == PAM_TEXT_INFO) {
            if (message.msg_style == PAM_ERROR_MSG && message.msg != nullptr) {
                dialogue.said += std::string("; ") + message.msg;
            }
            all[i].resp = strdup("");
        }
        if (all[i].resp != nullptr) continue;
        free_replies(all);
        return PAM_CONV_ERR;
    }
    *replies = made;
    return PAM_SUCCESS;
}

// In place of sleeping in this thread, which others wait for.
void note_delay(int result, unsigned microseconds, void* data) {
    if (result == PAM_SUCCESS || data == nullptr) return;
    static_cast<Dialogue*>(data)->delay =
        std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(microseconds));
}

// The address itself where it has no name.
std::string host_name(const std::string& address) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.c_str(), nullptr, &hints, &found) != 0) return address;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    std::array<char, NI_MAXHOST> name{};
    const int error = getnameinfo(found->ai_addr, found->ai_addrlen, name.data(),
                                  static_cast<socklen_t>(name.size()), nullptr, 0, 0);
    return error == 0 ? name.data() : address;
}

/// Whether somebody has judged. What a module's own program says with a failure (pam_exec) is
/// PAM_SYSTEM_ERR, so that the brake counts all but what is certainly no judgement.
bool is_refusal_by_pam(int result) {
    switch (result) {
        case PAM_AUTHINFO_UNAVAIL:
        case PAM_ABORT:
        case PAM_BAD_ITEM:
        case PAM_BUF_ERR:
        case PAM_CONV_ERR:
        case PAM_MODULE_UNKNOWN:
        case PAM_OPEN_ERR:
        case PAM_SYMBOL_ERR:
            return false;
        default:
            return true;
    }
}

class Transaction {
  public:
    Transaction(const PamService& service, const std::string& user, Dialogue& dialogue)
        : conversation_{.conv = converse, .appdata_ptr = &dialogue} {
        result_ = service.confdir.empty()
                      ? pam_start(service.name.c_str(), user.c_str(), &conversation_, &handle_)
                      : pam_start_confdir(service.name.c_str(), user.c_str(), &conversation_,
                                          service.confdir.c_str(), &handle_);
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction() {
        if (handle_ != nullptr) pam_end(handle_, result_);
    }

    /// PAM_SUCCESS, or what has failed.
    int set_item(int item, const void* value) {
        return result_ = pam_set_item(handle_, item, value);
    }
    int authenticate() { return result_ = pam_authenticate(handle_, PAM_SILENT); }
    int look_at_account() { return result_ = pam_acct_mgmt(handle_, PAM_SILENT); }
    [[nodiscard]] int result() const { return result_; }
    [[nodiscard]] std::string words() const {
        const char* const text = pam_strerror(handle_, result_);
        return text == nullptr ? "error " + std::to_string(result_) : text;
    }

  private:
    const pam_conv conversation_;
    pam_handle_t* handle_ = nullptr;
    int result_ = PAM_SYSTEM_ERR;
};

}  // namespace

OutsideAnswer check_by_pam(const PamService& service, const OutsideQuestion& question) {
    Dialogue dialogue{.password = question.password};
    Transaction transaction(service, question.user, dialogue);
    const auto failed = [&](const char* step) {
        return OutsideAnswer{
            .verdict = is_refusal_by_pam(transaction.result()) ? Verdict::wrong : Verdict::unknown,
            .reason = std::string(step) + " of the PAM service \"" + service.name +
                      "\" failed: " + transaction.words() + dialogue.said,
            .delay = dialogue.delay};
    };
    if (transaction.result() != PAM_SUCCESS) return failed("the start");
    if (!service.remote_host.empty()) {
        const std::string host =
            service.uses_host_name ? host_name(service.remote_host) : service.remote_host;
        if (transaction.set_item(PAM_RHOST, host.c_str()) != PAM_SUCCESS)
            return failed("PAM_RHOST");
    }
    const auto delay = note_delay;
    if (transaction.set_item(PAM_FAIL_DELAY, reinterpret_cast<const void*>(delay)) != PAM_SUCCESS) {
        return failed("PAM_FAIL_DELAY");
    }
    if (transaction.authenticate() != PAM_SUCCESS) return failed("pam_authenticate");
    if (transaction.look_at_account() != PAM_SUCCESS) return failed("pam_acct_mgmt");
    return {.verdict = Verdict::right};
}

#else

OutsideAnswer check_by_pam(const PamService&, const OutsideQuestion&) {
    return {.verdict = OutsideAnswer::Verdict::unknown, .reason = conf::not_built("pam")};
}

#endif

}  // namespace pgweir::daemon
