// What an import has to say while it goes on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/file/yaml_tree.hpp"
#include "conf/pgbouncer/ini_reader.hpp"
#include "conf/pgbouncer/report.hpp"
#include "conf/pgbouncer/setting_table.hpp"

namespace pgweir::conf::pgbouncer {

class Journal {
  public:
    static constexpr std::size_t max_problems = 1'000;

    /// Begins with the problems of the text itself.
    explicit Journal(const Ini& ini) : problems{ini.problems}, files_{ini.files} {}

    std::vector<PlacedMessage> problems;
    std::vector<ReportLine> lines;

    /// Beyond max_problems nothing is added: nobody reads so many.
    void problem(Place place, std::string message) {
        if (!is_full()) problems.push_back({place, std::move(message)});
    }
    /// For messages that cost something to make.
    [[nodiscard]] bool is_full() const { return problems.size() >= max_problems; }
    void line(Place place, std::string setting, Verdict verdict, std::string text) {
        lines.push_back({place, std::move(setting), verdict, std::move(text)});
    }
    /// Of a setting that goes to the option `target` as `value`, which is shown.
    void taken(Place place, const std::string& setting, std::string_view target,
               std::string_view value, std::string_view remark = {});
    /// Says of a setting something else than what was said of it, if anything was.
    void correct(Place place, const std::string& setting, Verdict verdict, std::string text);
    /// Says more of a setting of which something was said: it does not mean quite the same.
    void add(Place place, std::string_view setting, std::string_view text);
    /// Of settings that come again: only the last of each is given back, in their order.
    [[nodiscard]] std::vector<const IniSetting*> last_of_each(
        const std::vector<IniSetting>& settings, std::string_view prefix);
    /// `file:line`
    [[nodiscard]] std::string where(Place place) const;
    /// All lines by place.
    [[nodiscard]] Report take_report();

  private:
    std::vector<std::string> files_;
};

/// A scalar of the tree.
[[nodiscard]] YamlNodePtr make_scalar(Place place, std::string text);
[[nodiscard]] YamlNodePtr make_map(Place place, std::vector<YamlEntry> entries);
[[nodiscard]] YamlNodePtr make_list(Place place, std::vector<YamlNodePtr> items);

/// The message for a name that is no setting of this section: where it belongs, or what was
/// probably meant. `show` is not set where the name may be a part of a password.
[[nodiscard]] std::string unknown_setting(Section section, std::string_view name, bool show = true);

/// The value of a keyword of libpq so that it stands for itself: `${` is a reference in YAML.
[[nodiscard]] std::string without_references(std::string_view value);

}  // namespace pgweir::conf::pgbouncer
