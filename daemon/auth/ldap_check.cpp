#include "daemon/auth/ldap_check.hpp"

#ifdef PGWEIR_LDAP
#include <ldap.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "daemon/auth/ldap_names.hpp"
#include "protocol/auth/crypto.hpp"
#endif

namespace pgweir::daemon {

#ifdef PGWEIR_LDAP
namespace {

using Verdict = OutsideAnswer::Verdict;

struct Unbind {
    void operator()(LDAP* ldap) const { ldap_unbind_ext_s(ldap, nullptr, nullptr); }
};
struct Free {
    void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
    void operator()(char* text) const { ldap_memfree(text); }
};
using Connection = std::unique_ptr<LDAP, Unbind>;

OutsideAnswer unknown(std::string reason) {
    return {.verdict = Verdict::unknown, .reason = std::move(reason)};
}

OutsideAnswer wrong(std::string reason) {
    return {.verdict = Verdict::wrong, .reason = std::move(reason)};
}

/// Whether it is the server that has said no, and to this user.
bool is_refusal_by_ldap(int result) {
    return result > 0 && result != LDAP_BUSY && result != LDAP_UNAVAILABLE &&
           result != LDAP_OTHER && result != LDAP_OPERATIONS_ERROR && result != LDAP_PROTOCOL_ERROR;
}

/// One user's check. Each step says why it could not be done.
class Check {
  public:
    Check(const conf::LdapOptions& options, const OutsideQuestion& question)
        : options_(options), question_(question) {}

    OutsideAnswer run() {
        std::optional<std::string> name;
        if (options_.base_dn) {
            auto found = search();
            if (auto* const answer = std::get_if<OutsideAnswer>(&found)) return std::move(*answer);
            name = std::get<std::string>(std::move(found));
        } else {
            name = bind_name(options_, question_.user);
            if (!name) return wrong("the user's name has characters that DNs give a meaning");
        }
        if (auto problem = connect()) return unknown(*std::move(problem));
        const int result = bind(*name, question_.password);
        if (result == LDAP_SUCCESS) return {.verdict = Verdict::right};
        std::string reason = "LDAP bind of \"" + *name + "\"" + on_server(result);
        return is_refusal_by_ldap(result) ? wrong(std::move(reason)) : unknown(std::move(reason));
    }

  private:
    [[nodiscard]] std::string on_server(int result) const {
        std::string text = " on \"" + uris_ + "\" failed: " + ldap_err2string(result);
        char* more = nullptr;
        ldap_get_option(connection_.get(), LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
        const std::unique_ptr<char, Free> owner(more);
        if (more != nullptr && *more != '\0') text += std::string(" (") + more + ')';
        return text;
    }

    [[nodiscard]] timeval remaining() const {
        using std::chrono::microseconds;
        constexpr microseconds longest = std::chrono::hours(1);
        const auto now = OutsideQuestion::Clock::now();
        microseconds left = longest;
        if (question_.deadline - now < longest) {
            left = std::chrono::duration_cast<microseconds>(question_.deadline - now);
        }
        left = std::max(left, microseconds(1'000));
        return {.tv_sec = left.count() / 1'000'000, .tv_usec = left.count() % 1'000'000};
    }

    void limit_time() const {
        const timeval left = remaining();
        ldap_set_option(connection_.get(), LDAP_OPT_NETWORK_TIMEOUT, &left);
        ldap_set_option(connection_.get(), LDAP_OPT_TIMEOUT, &left);
    }

    // With blanks between them, as ldap_initialize() takes them.
    std::optional<std::string> find_servers() {
        std::string hosts = options_.server;
        const bool by_dns = hosts.empty();
        if (by_dns) {
            char* domain = nullptr;
            if (ldap_dn2domain(options_.base_dn->c_str(), &domain) != 0 || domain == nullptr) {
                return "no name of a domain is in ldapbasedn \"" + *options_.base_dn + '"';
            }
            const std::unique_ptr<char, Free> owner(domain);
            char* list = nullptr;
            if (ldap_domain2hostlist(domain, &list) != 0 || list == nullptr) {
                return "DNS has no SRV records of LDAP for \"" + std::string(domain) + '"';
            }
            const std::unique_ptr<char, Free> list_owner(list);
            hosts = list;
        }
        const bool is_tls = options_.scheme == "ldaps";
        const int port = options_.port != 0 ? options_.port : is_tls ? LDAPS_PORT : LDAP_PORT;
        uris_.clear();
        for (std::size_t at = 0; at < hosts.size();) {
            const std::size_t end = std::min(hosts.find(' ', at), hosts.size());
            if (end > at) {
                uris_ += (uris_.empty() ? "" : " ") + options_.scheme + "://" +
                         hosts.substr(at, end - at);
                if (!by_dns) uris_ += ':' + std::to_string(port);
            }
            at = end + 1;
        }
        return std::nullopt;
    }

    std::optional<std::string> connect() {
        static std::once_flag once;  // libldap reads its own configuration the first time
        std::call_once(once, [] {
            int version = 0;
            ldap_get_option(nullptr, LDAP_OPT_PROTOCOL_VERSION, &version);
        });
        if (uris_.empty()) {
            if (auto problem = find_servers()) return problem;
        }
        LDAP* opened = nullptr;
        int result = ldap_initialize(&opened, uris_.c_str());
        if (result != LDAP_SUCCESS) {
            return "LDAP of \"" + uris_ + "\" cannot be used: " + ldap_err2string(result);
        }
        connection_.reset(opened);
        constexpr int version = LDAP_VERSION3;
        ldap_set_option(opened, LDAP_OPT_PROTOCOL_VERSION, &version);
        limit_time();
        if (!options_.starts_tls) return std::nullopt;
        result = ldap_start_tls_s(opened, nullptr, nullptr);
        if (result == LDAP_SUCCESS) return std::nullopt;
        return "TLS" + on_server(result);
    }

    // An empty password, by which a server lets in anybody as nobody, is for the search only.
    int bind(const std::string& name, const std::string& password) {
        limit_time();
        std::string copy = password;
        berval secret{.bv_len = copy.size(), .bv_val = copy.data()};
        const int result = ldap_sasl_bind_s(connection_.get(), name.c_str(), LDAP_SASL_SIMPLE,
                                            &secret, nullptr, nullptr, nullptr);
        protocol::wipe(copy);
        return result;
    }

    // The user's DN.
    std::variant<std::string, OutsideAnswer> search() {
        if (auto problem = connect()) return unknown(*std::move(problem));
        int result = bind(options_.bind_dn, options_.bind_password);
        if (result != LDAP_SUCCESS) {
            return unknown("LDAP bind of ldapbinddn \"" + options_.bind_dn + "\"" +
                           on_server(result));
        }
        limit_time();
        const std::string filter = user_filter(options_, question_.user);
        std::string no_attributes = LDAP_NO_ATTRS;
        std::array<char*, 2> attributes{no_attributes.data(), nullptr};
        timeval left = remaining();
        LDAPMessage* message = nullptr;
        constexpr int one_is_too_many = 2;
        result = ldap_search_ext_s(connection_.get(), options_.base_dn->c_str(), options_.scope,
                                   filter.c_str(), attributes.data(), 0, nullptr, nullptr, &left,
                                   one_is_too_many, &message);
        const std::unique_ptr<LDAPMessage, Free> owner(message);
        if (result != LDAP_SUCCESS && result != LDAP_SIZELIMIT_EXCEEDED) {
            return unknown("LDAP search for \"" + filter + "\"" + on_server(result));
        }
        const int count = ldap_count_entries(connection_.get(), message);
        if (count != 1) {
            return wrong("LDAP search for \"" + filter + "\" on \"" + uris_ + "\" found " +
                         (count == 0 ? "nobody" : "more than one"));
        }
        LDAPMessage* const entry = ldap_first_entry(connection_.get(), message);
        const std::unique_ptr<char, Free> dn(ldap_get_dn(connection_.get(), entry));
        if (!dn) return unknown("LDAP search for \"" + filter + "\" found somebody without a DN");
        return std::string(dn.get());
    }

    const conf::LdapOptions& options_;
    const OutsideQuestion& question_;
    std::string uris_;
    Connection connection_;
};

}  // namespace

OutsideAnswer check_by_ldap(const conf::LdapOptions& options, const OutsideQuestion& question) {
    if (question.password.empty()) return wrong("an empty password");
    return Check(options, question).run();
}

#else

OutsideAnswer check_by_ldap(const conf::LdapOptions&, const OutsideQuestion&) {
    return {.verdict = OutsideAnswer::Verdict::unknown, .reason = conf::not_built("ldap")};
}

#endif

}  // namespace pgweir::daemon
