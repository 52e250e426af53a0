#include "daemon/process/reconfiguration.hpp"

#include <optional>
#include <utility>

#include "conf/options/cross_checks.hpp"
#include "conf/options/difference.hpp"
#include "conf/options/setting_change.hpp"
#include "daemon/log/log.hpp"

namespace pgweir::daemon {

using conf::LogLevel;

Reconfiguration::Reconfiguration(conf::ConfigurationFile file, conf::Loaded loaded)
    : file_(std::move(file)),
      config_(std::move(loaded.config)),
      at_start_(config_),
      listening_(config_->listen),
      report_(std::move(loaded.report)) {}

ReloadReport Reconfiguration::reload(ClientTlsStore& tls) {
    conf::Loaded loaded = conf::load(file_, config_.get());
    if (loaded.config) {
        if (const auto problem = tls.load(*loaded.config)) {
            loaded.problems.push_back({.file = file_.path, .message = *problem});
        }
        if (const auto problem = exposure(*loaded.config)) {
            loaded.problems.push_back({.file = file_.path, .message = *problem});
        }
    }
    if (!loaded.problems.empty()) return refuse(std::move(loaded.problems));
    ReloadReport report = take(std::move(loaded.config));
    report_ = std::move(loaded.report);
    configure_log();
    log_import();
    log::write(LogLevel::info, "reloaded",
               {{"config", file_.path},
                {"changes", report.changes.size()},
                {"need_restart", report.needs_restart.size()}});
    return report;
}

namespace {

bool names_tls_file(const conf::Option& option) {
    return option.path == "tls.client_tls_key_file" || option.path == "tls.client_tls_cert_file";
}

}  // namespace

ReloadReport Reconfiguration::set(const conf::NamedSetting& setting, std::string_view text,
                                  ClientTlsStore& tls) {
    auto changed = conf::with_setting(*config_, setting, text);
    std::optional<std::string> problem;
    if (!changed) {
        problem = changed.error().message;
    } else if (setting.option != nullptr && setting.option->section() == "tls") {
        problem = tls.load(*changed->config);
        // Key and certificate are set one after the other, and fit when both are.
        if (problem && names_tls_file(*setting.option)) {
            changed->warning = "TLS stays as it was: " + *std::exchange(problem, std::nullopt);
        }
    }
    if (!problem) problem = exposure(*changed->config);
    if (problem) {
        ReloadReport refused;
        refused.problems.push_back({.message = *std::move(problem)});
        return refused;
    }
    ReloadReport report = take(std::move(changed->config));
    if (!changed->warning.empty()) report.warnings.push_back(std::move(changed->warning));
    configure_log();
    return report;
}

void Reconfiguration::configure_log() const {
    if (const auto problem = log::configure(*config_)) {
        log::write(LogLevel::error, "log_file_failed", {{"error", *problem}});
    }
}

std::optional<std::string> Reconfiguration::exposure(const conf::Config& next) const {
    const conf::ListenAddress* const open = conf::open_to_all(next, listening_);
    if (open == nullptr) return std::nullopt;
    return "listening at " + conf::open_to_all_message(*open);
}

ReloadReport Reconfiguration::refuse(std::vector<conf::Problem> problems) const {
    for (const conf::Problem& problem : problems) {
        log::write(LogLevel::error, "reload_problem", {{"problem", problem.to_string()}});
    }
    log::write(LogLevel::error, "reload_failed",
               {{"config", file_.path}, {"hint", "nothing was changed"}});
    ReloadReport refused;
    refused.problems = std::move(problems);
    return refused;
}

// A change that needs a restart is told at each reload until there was one: only the options at the
// start count.
ReloadReport Reconfiguration::take(std::shared_ptr<const conf::Config> next) {
    ReloadReport report;
    conf::Difference difference = conf::difference(*config_, *next);
    for (std::string& change : difference.changes) {
        if (difference.needs_restart_for(change)) continue;
        log::write(LogLevel::info, "reload_change", {{"change", change}});
        report.changes.push_back(std::move(change));
    }
    report.needs_restart = conf::difference(*at_start_, *next).needs_restart;
    for (const std::string& change : report.needs_restart) {
        log::write(LogLevel::warning, "reload_needs_restart", {{"change", change}});
    }
    config_ = std::move(next);
    return report;
}

// At a reload, only the settings of which it is news.
void Reconfiguration::log_import() {
    using conf::pgbouncer::Verdict;
    const conf::pgbouncer::Report report = std::exchange(report_, {});
    std::set<std::string> reported;
    for (const auto& line : report.lines) {
        const std::string verdict{name(line.verdict)};
        const bool loss =
            line.verdict == Verdict::differs || line.verdict == Verdict::not_supported;
        std::string known = line.setting + ": " + verdict + ": " + line.text;
        if (!reported_.contains(known)) {
            log::write(loss ? LogLevel::warning : LogLevel::info, "pgbouncer_setting",
                       {{"at", report.where(line)},
                        {"setting", line.setting},
                        {"verdict", verdict},
                        {"text", line.text}});
        }
        reported.insert(std::move(known));
    }
    reported_ = std::move(reported);
}

}  // namespace pgweir::daemon
