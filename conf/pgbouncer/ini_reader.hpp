// The text of pgbouncer.ini: sections, names and values, of the file and of those that it includes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conf/file/yaml_tree.hpp"
#include "conf/problem.hpp"
#include "conf/result.hpp"

namespace pgweir::conf::pgbouncer {

/// One `name = value`.
struct IniSetting {
    std::string name;
    Place place;        ///< of the name
    std::string value;  ///< without the blanks around it
    Place value_place;  ///< of its first character, or of where that would be
};

/// What follows one `[name]`, in the file itself or in those it includes. A name may come again.
struct IniSection {
    std::string name;
    Place place;
    std::vector<IniSetting> settings;
};

struct Ini {
    std::vector<std::string> files;  ///< what Place::file counts: as they were named
    std::vector<IniSection> sections;
    std::vector<PlacedMessage> problems;
};

/// Gives the content of a file, or why it cannot be read.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

/// Reads as PgBouncer does: comments are lines that begin with `;` or `#`, a value ends with its
/// line, `%include` takes names relative to the working directory, and a section goes on through
/// the end of an included file. Names that hold other characters than letters, digits and `_.-*`
/// may stand in double quotes, as PgBouncer's manual has it (its parser does not take them).
/// Problems: the syntax, which ends a line and not the reading; bytes that are not UTF-8, save in
/// comments; files that cannot be read, or that are included too deep or too often. No message
/// shows a value.
///
/// PgBouncer manual, "pgbouncer.ini".
[[nodiscard]] Ini read_ini(const std::string& path, const ReadFile& read);
/// The same from the file system. Blocks.
[[nodiscard]] Ini read_ini(const std::string& path);

}  // namespace pgweir::conf::pgbouncer
