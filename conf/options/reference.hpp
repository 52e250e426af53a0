// Documentation made from the option table.
#pragma once

#include <string>
#include <string_view>

namespace pgweir::conf {

/// The reference of all options as Markdown: conf/reference.md, and what `pgweir --options` prints.
[[nodiscard]] std::string reference();

/// A commented YAML file with every global option at its default and examples of databases and
/// users: conf/example.yaml, and what `pgweir --example` prints. It loads as it stands.
[[nodiscard]] std::string example();

/// The manual page pgweir.yaml(5): the same as the reference.
[[nodiscard]] std::string manual(std::string_view version);

}  // namespace pgweir::conf
