#include "conf/access/ldap_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "conf/access/hba_tokens.hpp"
#include "conf/file/reporter.hpp"
#include "conf/file/wording.hpp"

#ifdef PGWEIR_LDAP
#include <ldap.h>

#include <memory>
#endif

namespace pgweir::conf {

namespace {

constexpr std::array<std::string_view, 12> names{
    "ldapserver",       "ldapport",   "ldapscheme", "ldaptls",        "ldapprefix",
    "ldapsuffix",       "ldapbasedn", "ldapbinddn", "ldapbindpasswd", "ldapsearchattribute",
    "ldapsearchfilter", "ldapurl"};

std::optional<std::string> set_port(LdapOptions& options, const std::string& value) {
    const char* const end = value.data() + value.size();
    const auto [rest, error] = std::from_chars(value.data(), end, options.port);
    if (error == std::errc{} && rest == end && options.port > 0) return std::nullopt;
    return "ldapport: " + in_quotes(value) + " is not a port";
}

// An encryption that was meant and not had would be noticed by nobody.
std::optional<std::string> set_tls(LdapOptions& options, const std::string& value) {
    if (value != "0" && value != "1") return "ldaptls: " + in_quotes(value) + " is neither 0 nor 1";
    options.starts_tls = value == "1";
    return std::nullopt;
}

std::optional<std::string> set_scheme(LdapOptions& options, const std::string& value) {
    if (value != "ldap" && value != "ldaps") {
        return "ldapscheme: " + in_quotes(value) + " is neither ldap nor ldaps";
    }
    options.scheme = value;
    return std::nullopt;
}

#ifdef PGWEIR_LDAP
std::optional<std::string> set_url(LdapOptions& options, const std::string& value) {
    LDAPURLDesc* parsed = nullptr;
    if (const int error = ldap_url_parse(value.c_str(), &parsed); error != LDAP_URL_SUCCESS) {
        return "ldapurl: " + in_quotes(value) + " is not a URL of LDAP (error " +
               std::to_string(error) + " of libldap)";
    }
    const std::unique_ptr<LDAPURLDesc, decltype(&ldap_free_urldesc)> url(parsed, ldap_free_urldesc);
    if (auto problem = set_scheme(options, url->lud_scheme)) {
        return "ldapurl: " + in_quotes(url->lud_scheme) + " is neither ldap nor ldaps";
    }
    const auto text = [](const char* given) { return std::string{given == nullptr ? "" : given}; };
    options.server = text(url->lud_host);
    options.port = static_cast<std::uint16_t>(url->lud_port);
    if (url->lud_dn != nullptr) options.base_dn = url->lud_dn;
    if (url->lud_attrs != nullptr) options.search_attribute = text(url->lud_attrs[0]);
    options.scope = url->lud_scope;
    if (url->lud_filter != nullptr) options.search_filter = url->lud_filter;
    return std::nullopt;
}
#else
std::optional<std::string> set_url(LdapOptions&, const std::string&) {
    return not_built("ldap");
}
#endif

}  // namespace

bool has_ldap() {
#ifdef PGWEIR_LDAP
    return true;
#else
    return false;
#endif
}

bool has_pam() {
#ifdef PGWEIR_PAM
    return true;
#else
    return false;
#endif
}

std::string not_built(std::string_view method) {
    return std::string{method} + " is not there: this pgweir was built without lib" +
           std::string{method};
}

bool is_ldap_option(std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

std::optional<std::string> set_ldap_option(LdapOptions& options, std::string_view name,
                                           const std::string& value) {
    if (name == "ldapport") return set_port(options, value);
    if (name == "ldaptls") return set_tls(options, value);
    if (name == "ldapscheme") return set_scheme(options, value);
    if (name == "ldapurl") return set_url(options, value);
    if (name == "ldapserver") options.server = value;
    if (name == "ldapprefix") options.prefix = value;
    if (name == "ldapsuffix") options.suffix = value;
    if (name == "ldapbasedn") options.base_dn = value;
    if (name == "ldapbinddn") options.bind_dn = value;
    if (name == "ldapbindpasswd") options.bind_password = value;
    if (name == "ldapsearchattribute") options.search_attribute = value;
    if (name == "ldapsearchfilter") options.search_filter = value;
    return std::nullopt;
}

// As PostgreSQL's parse_hba_line(), and what its CheckLDAPAuth() finds at a login.
std::optional<std::string> check_ldap_options(const LdapOptions& options) {
    if (options.prefix || options.suffix) {
        if (options.base_dn || !options.bind_dn.empty() || !options.bind_password.empty() ||
            !options.search_attribute.empty() || !options.search_filter.empty()) {
            return "options of simple bind (ldapprefix, ldapsuffix) and of search+bind "
                   "(ldapbasedn, "
                   "ldapbinddn, ldapbindpasswd, ldapsearchattribute, ldapsearchfilter) cannot be "
                   "mixed";
        }
    } else if (!options.base_dn) {
        return "ldap needs ldapbasedn, ldapprefix or ldapsuffix";
    }
    if (!options.search_attribute.empty() && !options.search_filter.empty()) {
        return "ldapsearchattribute and ldapsearchfilter cannot be used together";
    }
    if (options.server.empty() && options.base_dn.value_or("").empty()) {
        return "ldap needs ldapserver, or ldapbasedn to find servers by";
    }
    if (options.starts_tls && options.scheme == "ldaps") {
        return "ldaptls is for ldap, not for ldaps, which is TLS already";
    }
    return std::nullopt;
}

Result<LdapOptions> parse_ldap_options(std::string_view text) {
    Reporter reporter{std::string{}};
    const std::vector<HbaLine> lines = tokenize_hba(text, reporter);
    if (reporter.any()) return Refusal{reporter.take().front().message};
    if (lines.size() > 1) return Refusal{"the options stand on more than one line"};
    LdapOptions options;
    if (lines.empty()) return Refusal{*check_ldap_options(options)};
    std::string_view all = text;
    while (!all.empty() && (all.back() == ' ' || all.back() == '\t' || all.back() == '\n')) {
        all.remove_suffix(1);
    }
    if (lines.front().text.size() < all.size()) {
        return Refusal{"a # begins a comment: put the value that has it into quotes"};
    }
    for (const HbaField& field : lines.front().fields) {
        for (const HbaToken& token : field) {
            const std::size_t equals = std::min(token.text.find('='), token.text.size());
            const std::string name = token.text.substr(0, equals);
            // The word is not shown: it may be the rest of a password that has a blank.
            if (equals == token.text.size() || !is_ldap_option(name)) {
                return Refusal{
                    "a word is not of the form name=value with a name of an option of ldap; a "
                    "value that has blanks or commas needs quotes"};
            }
            if (auto problem = set_ldap_option(options, name, token.text.substr(equals + 1))) {
                return Refusal{*std::move(problem)};
            }
        }
    }
    if (auto problem = check_ldap_options(options)) return Refusal{*std::move(problem)};
    return options;
}

}  // namespace pgweir::conf
