#include "conf/access/ident_map.hpp"

#include <algorithm>
#include <iterator>

#include "conf/access/hba_tokens.hpp"
#include "conf/file/bounded_file.hpp"
#include "conf/file/wording.hpp"

namespace pgweir::conf {

namespace {

constexpr std::string_view first_group = "\\1";

}  // namespace

std::shared_ptr<const IdentMaps> IdentMaps::none() {
    static const auto empty = std::make_shared<const IdentMaps>();
    return empty;
}

std::shared_ptr<const IdentMaps> IdentMaps::load(const std::string& path,
                                                 std::vector<Problem>& problems) {
    const Result<std::string> text = read_bounded_file(path, longest_file);
    if (text) return parse(*text, path, problems);
    problems.push_back({path, 0, 0, "cannot read the file: " + text.error().message});
    return none();
}

std::shared_ptr<const IdentMaps> IdentMaps::parse(std::string_view text, const std::string& name,
                                                  std::vector<Problem>& problems) {
    auto maps = std::make_shared<IdentMaps>();
    Reporter reporter{name};
    for (const HbaLine& line : tokenize_hba(text, reporter)) {
        const bool whole =
            line.fields.size() == 3 && std::ranges::all_of(line.fields, [](const HbaField& field) {
                return field.size() == 1;
            });
        if (!whole) {
            reporter.add(line.fields.front().front().place,
                         "expected the name of a map, a system name and a user");
            continue;
        }
        const HbaToken& system_name = line.fields[1].front();
        const HbaToken& user = line.fields[2].front();
        Entry entry{.map = line.fields[0].front().text,
                    .system_name = system_name.text,
                    .user = user.text,
                    .any_user = user.is("all")};
        if (!user.quoted && user.text.starts_with('+')) {
            reporter.add(user.place, in_quotes(user.text) +
                                         " needs the membership of roles, which only the server "
                                         "knows: name the users");
            continue;
        }
        if (system_name.text.starts_with('/')) {
            Result<Regex> regex = Regex::compile(system_name.text.substr(1));
            if (!regex) {
                reporter.add(system_name.place, "invalid regular expression " +
                                                    in_quotes(system_name.text) + ": " +
                                                    regex.error().message);
                continue;
            }
            entry.regex = *regex;
            entry.uses_group = user.text.find(first_group) != std::string::npos;
        }
        maps->entries_.push_back(std::move(entry));
        maps->lines_.push_back(line.text);
    }
    std::ranges::move(reporter.take(), std::back_inserter(problems));
    return maps;
}

bool IdentMaps::allows(std::string_view map, std::string_view system_name,
                       std::string_view user) const {
    if (map.empty()) return system_name == user;
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        if (entry.map != map) return false;
        std::string allowed = entry.user;
        if (entry.regex) {
            const auto groups = entry.regex->groups(std::string{system_name});
            if (groups.empty()) return false;
            if (entry.uses_group) {
                allowed.replace(allowed.find(first_group), first_group.size(), groups[1]);
            }
        } else if (entry.system_name != system_name) {
            return false;
        }
        return entry.any_user || allowed == user;
    });
}

}  // namespace pgweir::conf
