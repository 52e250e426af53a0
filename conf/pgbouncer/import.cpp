#include "conf/pgbouncer/import.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "conf/file/wording.hpp"
#include "conf/pgbouncer/entries.hpp"
#include "conf/pgbouncer/global_settings.hpp"
#include "conf/pgbouncer/journal.hpp"

namespace pgweir::conf::pgbouncer {
namespace {

constexpr std::array<std::string_view, 4> section_names{"pgbouncer", "databases", "users", "peers"};

/// The sections by their kind. Those of `[pgbouncer]` replace each other, the others add up.
struct Sections {
    const IniSection* pgbouncer = nullptr;
    Place databases_place{1, 1};
    std::vector<IniSetting> databases;
    std::vector<IniSetting> users;
    std::vector<IniSetting> peers;
};

void append(std::vector<IniSetting>& to, const std::vector<IniSetting>& settings) {
    to.insert(to.end(), settings.begin(), settings.end());
}

void replace(const IniSection*& former, const IniSection& section, Journal& journal) {
    if (former != nullptr) {
        for (const IniSetting& setting : former->settings) {
            journal.line(setting.place, setting.name, Verdict::not_needed,
                         "the [pgbouncer] of " + journal.where(section.place) +
                             " begins from the defaults again: PgBouncer forgets it, too");
        }
    }
    former = &section;
}

Sections sort(const Ini& ini, Journal& journal) {
    Sections sections;
    for (const IniSection& section : ini.sections) {
        if (section.name == "pgbouncer") {
            replace(sections.pgbouncer, section, journal);
        } else if (section.name == "databases") {
            sections.databases_place = section.place;
            append(sections.databases, section.settings);
        } else if (section.name == "users") {
            append(sections.users, section.settings);
        } else if (section.name == "peers") {
            append(sections.peers, section.settings);
        } else if (!journal.is_full()) {
            journal.problem(section.place, "unknown section " + name_in_quotes(section.name) +
                                               did_you_mean(section.name, section_names));
        }
    }
    return sections;
}

/// The min_pool_size of an entry of `databases`; 0 where it has none.
std::uint64_t minimum_of(const YamlEntry& database) {
    const auto& entries = database.value->entries;
    const auto found = std::ranges::find(entries, "min_pool_size", &YamlEntry::key);
    if (found == entries.end()) return 0;
    const Result<std::uint64_t> value = parse_count(found->value->text);
    return value ? *value : 0;
}

YamlNodePtr import_entries(const Sections& sections, const GlobalSettings& global,
                           Journal& journal) {
    std::vector<YamlEntry> root = global.tree();
    std::vector<YamlEntry> databases;
    std::uint64_t highest_minimum = global.number("pool.min_pool_size");
    for (const IniSetting* const line : journal.last_of_each(sections.databases, "databases.")) {
        if (line->name == "pgweir") {
            journal.line(line->place, "databases.pgweir", Verdict::not_supported,
                         "it is a name of the console: nobody can reach this database");
            continue;
        }
        databases.push_back(import_database(*line, global, journal));
        highest_minimum = std::max(highest_minimum, minimum_of(databases.back()));
    }
    const Place place = sections.databases_place;
    root.push_back({"databases", place, make_map(place, std::move(databases))});

    std::vector<YamlEntry> users;
    for (const IniSetting* const line : journal.last_of_each(sections.users, "users.")) {
        users.push_back(import_user(*line, highest_minimum, journal));
    }
    if (!users.empty()) {
        const Place first = users.front().place;
        root.push_back({"users", first, make_map(first, std::move(users))});
    }
    for (const IniSetting& peer : sections.peers) {
        journal.line(peer.place, "peers." + peer.name, Verdict::not_supported,
                     std::string{find_setting(Section::pgbouncer, "peer_id")->why});
    }
    return make_map({1, 1}, std::move(root));
}

}  // namespace

Import import_ini(const Ini& ini) {
    Journal journal{ini};
    const Sections sections = sort(ini, journal);
    YamlNodePtr root;
    if (sections.pgbouncer != nullptr) {
        GlobalSettings global{journal};
        global.read(*sections.pgbouncer);
        root = import_entries(sections, global, journal);
    } else if (journal.problems.empty()) {
        journal.problem({1, 1}, "there is no section [pgbouncer]");
    }
    Report report = journal.take_report();
    return {{std::move(root), std::move(journal.problems)}, std::move(report)};
}

}  // namespace pgweir::conf::pgbouncer
