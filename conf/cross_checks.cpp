#include "conf/cross_checks.hpp"

#include <algorithm>

#include "conf/addresses.hpp"
#include "conf/wording.hpp"

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

bool minimum_above(unsigned min, unsigned max) {
    return max != 0 && min > max;
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
    unsigned highest = config.databases.empty() ? global_min : 0;
    for (std::size_t i = 0; i < config.databases.size(); ++i) {
        const PoolOptions& own = config.databases[i].options;
        highest = std::max(highest, own.min_pool_size);
        const Place* const place = place_in(origins.databases[i]);
        if (place != nullptr && minimum_above(own.min_pool_size, own.default_pool_size)) {
            reporter.add(*place,
                         minimum_message(own.min_pool_size, "pool_size", own.default_pool_size));
        }
    }
    for (std::size_t i = 0; i < config.users.size(); ++i) {
        const std::optional<unsigned> own = config.users[i].pool_size;
        const auto place = origins.users[i].find(size);
        if (own && minimum_above(highest, *own)) {
            reporter.add(place->second, "pool_size " + std::to_string(*own) +
                                            " is below a min_pool_size of " +
                                            std::to_string(highest));
        }
    }
}

}  // namespace

void check_together(const Config& config, const Origins& origins, Reporter& reporter) {
    check_addresses(config, origins, reporter);
    check_pool_sizes(config, origins, reporter);
}

}  // namespace pgweir::conf
