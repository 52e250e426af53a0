#include "conf/options/cross_checks.hpp"

#include <algorithm>

#include "conf/access/ldap_options.hpp"
#include "conf/file/addresses.hpp"
#include "conf/file/wording.hpp"

namespace pgweir::conf {
namespace {

/// Whether the two cannot both be bound. Names are not looked up: only the kernel knows the rest.
bool collide(const ListenAddress& a, const ListenAddress& b) {
    if (a.is_unix() || b.is_unix()) return a == b;
    return a.port == b.port && (a.host == b.host || a.host == "*" || b.host == "*");
}

void check_addresses(const Config& config, const Origins& origins, Reporter& reporter) {
    for (std::size_t i = 0; i < config.listen.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (!collide(config.listen[i], config.listen[j])) continue;
            reporter.add(origins.listen[i],
                         "listen: " + in_quotes(format_address(config.listen[i])) +
                             " is taken by " + in_quotes(format_address(config.listen[j])));
            break;
        }
    }
    const auto place = origins.globals.find(find_option("http"));
    if (!config.http || place == origins.globals.end()) return;
    for (const ListenAddress& address : config.listen) {
        if (!collide(*config.http, address)) continue;
        reporter.add(place->second, "http: " + in_quotes(format_address(*config.http)) +
                                        " is taken by listen " +
                                        in_quotes(format_address(address)));
        return;
    }
}

void check_log(const Config& config, const Origins& origins, Reporter& reporter) {
    const auto place = origins.globals.find(find_option("log.syslog_facility"));
    if (place == origins.globals.end() || is_syslog_facility(config.syslog_facility)) return;
    reporter.add(place->second,
                 "log.syslog_facility: " + in_quotes(config.syslog_facility) +
                     " is none of auth, authpriv, daemon, user and local0 to local7");
}

std::string minimum_message(unsigned min, std::string_view name, unsigned max) {
    return "min_pool_size " + std::to_string(min) + " is above " + std::string{name} + ' ' +
           std::to_string(max);
}

void check_pool_sizes(const Config& config, const Origins& origins, Reporter& reporter) {
    const Option* const size = find_option("pool.default_pool_size");
    const Option* const minimum = find_option("pool.min_pool_size");
    if (origins.refused.contains(size) || origins.refused.contains(minimum)) return;
    const auto place_in = [&](const Origins::Places& places) -> const Place* {
        for (const Option* const option : {minimum, size}) {
            if (const auto found = places.find(option); found != places.end()) {
                return &found->second;
            }
        }
        return nullptr;
    };

    const unsigned global_min = config.pool.min_pool_size;
    if (const Place* const place = place_in(origins.globals);
        place != nullptr && minimum_above(global_min, config.pool.default_pool_size)) {
        reporter.add(*place, minimum_message(global_min, "default_pool_size",
                                             config.pool.default_pool_size));
    }
    for (std::size_t i = 0; i < config.databases.size(); ++i) {
        const PoolOptions& own = config.databases[i].options;
        const Place* const place = place_in(origins.databases[i]);
        if (place != nullptr && minimum_above(own.min_pool_size, own.default_pool_size)) {
            reporter.add(*place,
                         minimum_message(own.min_pool_size, "pool_size", own.default_pool_size));
        }
    }
}

Place place_of(const Origins& origins, std::string_view option) {
    const auto found = origins.globals.find(find_option(option));
    return found == origins.globals.end() ? Place{1, 1} : found->second;
}

void check_tls(const Config& config, const Origins& origins, Reporter& reporter) {
    const Place place = place_of(origins, "tls.client_tls_sslmode");
    const auto needs = [&](const std::string& value, std::string_view option) {
        if (value.empty()) {
            reporter.add(place, "client_tls_sslmode: TLS for clients needs " + std::string{option});
        }
    };
    if (config.client_tls_sslmode != TlsMode::disable) {
        needs(config.client_tls_key_file, "client_tls_key_file");
        needs(config.client_tls_cert_file, "client_tls_cert_file");
    }
    if (config.client_tls_sslmode == TlsMode::verify_ca ||
        config.client_tls_sslmode == TlsMode::verify_full) {
        needs(config.client_tls_ca_file, "client_tls_ca_file, to verify certificates of clients");
    }
}

void check_trust(const Config& config, const Origins& origins, Reporter& reporter) {
    const ListenAddress* const open = open_to_all(config, config.listen);
    if (open == nullptr) return;
    const auto index = static_cast<std::size_t>(open - config.listen.data());
    reporter.add(index < origins.listen.size() ? origins.listen[index] : Place{1, 1},
                 "listen: " + open_to_all_message(*open));
}

// LDAP and PAM, where no rule says the rest.
void check_outside(const Config& config, const Origins& origins, Reporter& reporter) {
    const Place place = place_of(origins, "auth.type");
    if (config.auth_type == AuthType::pam) {
        if (!has_pam()) reporter.add(place, "type: " + not_built("pam"));
        if (config.auth_pam_service.empty()) {
            reporter.add(place, "type: pam needs auth_pam_service");
        }
    }
    if (config.auth_type != AuthType::ldap) return;
    if (!has_ldap()) {
        reporter.add(place, "type: " + not_built("ldap"));
    } else if (const auto options = parse_ldap_options(config.auth_ldap_options); !options) {
        reporter.add(place_of(origins, "auth.auth_ldap_options"),
                     "auth_ldap_options: " + options.error().message);
    }
}

void check_authentication(const Config& config, const Origins& origins, Reporter& reporter) {
    const Place place = place_of(origins, "auth.type");
    // Where PgBouncer would start without the file there are rules all the same: none.
    const bool has_rules = !config.auth_hba_file.empty() || config.hba != nullptr;
    if (config.auth_type == AuthType::hba && !has_rules) {
        reporter.add(place, "type: hba needs auth_hba_file");
    }
    check_outside(config, origins, reporter);
    if (config.auth_type == AuthType::cert && config.client_tls_ca_file.empty()) {
        reporter.add(place, "type: cert needs TLS for clients with client_tls_ca_file");
    }
    // In the file the loader looks at it.
    if (is_reserved_database(config.pool.auth_dbname) && origins.globals.empty()) {
        reporter.add(place, "cannot use the reserved " + in_quotes(config.pool.auth_dbname) +
                                " database as an auth_dbname");
    }
    if (config.auth_type == AuthType::peer &&
        std::ranges::none_of(config.listen, &ListenAddress::is_unix)) {
        reporter.add(place, "type: peer works over Unix sockets, and listen has none");
    }
}

}  // namespace

const ListenAddress* open_to_all(const Config& config, std::span<const ListenAddress> listening) {
    if (config.auth_type != AuthType::trust || config.allow_trust_from_network) return nullptr;
    const auto open = std::ranges::find_if_not(listening, is_local);
    return open == listening.end() ? nullptr : &*open;
}

std::string open_to_all_message(const ListenAddress& address) {
    return in_quotes(format_address(address)) +
           " can be reached from the network, and with auth.type trust whoever reaches it can be "
           "any "
           "user; use scram-sha-256, or set auth.allow_trust_from_network: true if that is meant";
}

void check_together(const Config& config, const Origins& origins, Reporter& reporter) {
    check_addresses(config, origins, reporter);
    check_log(config, origins, reporter);
    check_pool_sizes(config, origins, reporter);
    check_access(config, origins, reporter);
}

void check_access(const Config& config, const Origins& origins, Reporter& reporter) {
    check_tls(config, origins, reporter);
    check_authentication(config, origins, reporter);
    check_trust(config, origins, reporter);
}

}  // namespace pgweir::conf
