#include "conf/pgbouncer/journal.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "conf/file/wording.hpp"

namespace pgweir::conf::pgbouncer {
namespace {

struct NamedSection {
    Section section;
    std::string_view name;  ///< with its article
};
constexpr std::array<NamedSection, 3> sections{{{Section::pgbouncer, "[pgbouncer]"},
                                                {Section::databases, "an entry of [databases]"},
                                                {Section::users, "an entry of [users]"}}};

std::string_view last_part(std::string_view name) {
    return name.substr(name.rfind('.') + 1);
}

}  // namespace

void Journal::taken(Place place, const std::string& setting, std::string_view target,
                    std::string_view value, std::string_view remark) {
    Verdict verdict = last_part(target) == last_part(setting) ? Verdict::same : Verdict::renamed;
    std::string text =
        std::string{target} + ": " + (value.empty() ? "(empty)" : std::string{value});
    if (!remark.empty()) {
        verdict = Verdict::differs;
        text += "; " + std::string{remark};
    }
    line(place, setting, verdict, std::move(text));
}

void Journal::correct(Place place, const std::string& setting, Verdict verdict, std::string text) {
    std::erase_if(lines, [&](const ReportLine& line) {
        return line.place == place && line.setting == setting;
    });
    line(place, setting, verdict, std::move(text));
}

void Journal::add(Place place, std::string_view setting, std::string_view text) {
    const auto said = std::ranges::find_if(lines, [&](const ReportLine& line) {
        return line.place == place && line.setting == setting;
    });
    if (said == lines.end()) return;
    said->verdict = Verdict::differs;
    said->text += "; " + std::string{text};
}

std::vector<const IniSetting*> Journal::last_of_each(const std::vector<IniSetting>& settings,
                                                     std::string_view prefix) {
    std::map<std::string_view, const IniSetting*> last;
    for (const IniSetting& setting : settings) last[setting.name] = &setting;
    std::vector<const IniSetting*> kept;
    for (const IniSetting& setting : settings) {
        const IniSetting* const counts = last[setting.name];
        if (counts == &setting) {
            kept.push_back(&setting);
        } else {
            line(setting.place, std::string{prefix} + setting.name, Verdict::not_needed,
                 "it is set again at " + where(counts->place));
        }
    }
    return kept;
}

std::string Journal::where(Place place) const {
    return files_.at(static_cast<std::size_t>(place.file)) + ':' + std::to_string(place.line);
}

Report Journal::take_report() {
    std::ranges::stable_sort(lines, {}, [](const ReportLine& line) {
        return std::tuple{line.place.file, line.place.line, line.place.column};
    });
    return {std::move(files_), std::move(lines)};
}

YamlNodePtr make_scalar(Place place, std::string text) {
    auto node = std::make_shared<YamlNode>();
    node->kind = YamlNode::Kind::scalar;
    node->place = place;
    node->text = std::move(text);
    return node;
}

YamlNodePtr make_map(Place place, std::vector<YamlEntry> entries) {
    auto node = std::make_shared<YamlNode>();
    node->kind = YamlNode::Kind::map;
    node->place = place;
    node->entries = std::move(entries);
    return node;
}

YamlNodePtr make_list(Place place, std::vector<YamlNodePtr> items) {
    auto node = std::make_shared<YamlNode>();
    node->kind = YamlNode::Kind::list;
    node->place = place;
    node->items = std::move(items);
    return node;
}

std::string unknown_setting(Section section, std::string_view name, bool show) {
    std::vector<std::string_view> known;
    for (const Setting& setting : settings(section)) known.push_back(setting.name);
    const auto in = std::ranges::find(sections, section, &NamedSection::section);
    const std::string of = " in " + std::string{in->name};
    for (const NamedSection& other : sections) {
        if (find_setting(other.section, name) == nullptr) continue;
        return "unknown setting " + in_quotes(name) + of + "; it belongs in " +
               std::string{other.name};
    }
    const std::string meant = did_you_mean(name, known);
    if (!show && meant.empty()) {
        return "unknown setting" + of +
               " (not shown, as it may be part of a password: a value with spaces needs single "
               "quotes)";
    }
    return "unknown setting " + name_in_quotes(name) + of + meant;
}

std::string without_references(std::string_view value) {
    std::string escaped;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value.substr(i).starts_with("${")) escaped += '$';
        escaped += value[i];
    }
    return escaped;
}

}  // namespace pgweir::conf::pgbouncer
