#include "daemon/process/commands.hpp"

#include <algorithm>
#include <iostream>
#include <string>
#include <variant>

#include "conf/options/difference.hpp"
#include "daemon/tls/client_tls.hpp"

namespace pgweir::daemon {
namespace {

constexpr int good = 0;
constexpr int different = 1;
constexpr int bad_configuration = 2;

void complain(const std::vector<conf::Problem>& problems) {
    for (const conf::Problem& problem : problems) std::cerr << problem.to_string() << '\n';
}

}  // namespace

conf::Loaded load_or_complain(const conf::ConfigurationFile& file) {
    conf::Loaded loaded = conf::load(file);
    complain(loaded.problems);
    return loaded;
}

int check(const conf::ConfigurationFile& file) {
    const auto config = load_or_complain(file).config;
    if (!config) return bad_configuration;
    const auto tls = ClientTls::load(*config);
    if (const auto* problem = std::get_if<std::string>(&tls)) {
        std::cerr << file.path << ": " << *problem << '\n';
        return bad_configuration;
    }
    std::cout << file.path << ": no problem found\n";
    return good;
}

int import(const conf::ConfigurationFile& ini) {
    const conf::ImportedFile imported = conf::import_file(ini.path);
    std::cout << imported.yaml << std::flush;
    const conf::pgbouncer::Report& report = imported.loaded.report;
    for (const auto& line : report.lines) std::cerr << report.to_string(line) << '\n';
    std::cerr << ini.path << ": " << report.summary() << '\n';
    complain(imported.loaded.problems);
    return imported.loaded.config ? good : bad_configuration;
}

int diff(const conf::ConfigurationFile& before, const conf::ConfigurationFile& after) {
    const auto old_config = load_or_complain(before).config;
    const auto new_config = load_or_complain(after).config;
    if (!old_config || !new_config) return bad_configuration;
    const conf::Difference difference = conf::difference(*old_config, *new_config);
    for (const std::string& change : difference.changes) {
        std::cout << (difference.needs_restart_for(change) ? "restart " : "reload  ") << change
                  << '\n';
    }
    return difference.empty() ? good : different;
}

}  // namespace pgweir::daemon
