#include "conf/file/configuration_file.hpp"

#include <utility>

#include "conf/file/loader.hpp"
#include "conf/file/wording.hpp"
#include "conf/file/yaml_writer.hpp"
#include "conf/pgbouncer/import.hpp"

namespace pgweir::conf {

Syntax syntax_of(const std::string& path) {
    return path.ends_with(".ini") ? Syntax::pgbouncer : Syntax::yaml;
}

Loaded load(const ConfigurationFile& file, const Config* former) {
    if (file.syntax == Syntax::yaml) {
        LoadResult result = load_file(file.path);
        return {std::move(result.config), std::move(result.problems), {}};
    }
    pgbouncer::Import import = pgbouncer::import_ini(pgbouncer::read_ini(file.path));
    std::vector<LoadWarning> warnings;
    LoadResult result = load_tree_as_pgbouncer(import.tree, import.report.files, former, warnings);
    for (LoadWarning& warning : warnings) {
        import.report.lines.push_back({warning.place, std::string{warning.setting},
                                       pgbouncer::Verdict::differs, std::move(warning.text)});
    }
    return {std::move(result.config), std::move(result.problems), std::move(import.report)};
}

ImportedFile import_file(const std::string& path) {
    pgbouncer::Import import = pgbouncer::import_ini(pgbouncer::read_ini(path));
    LoadResult result = load_tree(import.tree, import.report.files);
    ImportedFile imported;
    if (import.tree.root && import.tree.problems.empty()) {
        imported.yaml =
            "# From " + in_quotes(path) + ", by pgweir --import.\n" + write_yaml(*import.tree.root);
    }
    imported.loaded = {std::move(result.config), std::move(result.problems),
                       std::move(import.report)};
    return imported;
}

}  // namespace pgweir::conf
