#include "daemon/process/documents.hpp"

#include <algorithm>
#include <array>

#include "conf/options/reference.hpp"
#include "daemon/console/manual.hpp"
#include "daemon/process/command_line_manual.hpp"
#include "daemon/process/setup_texts.hpp"

namespace pgweir::daemon {
namespace {

struct Document {
    std::string_view name;
    std::string (*text)();
};

constexpr std::string_view version = PGWEIR_VERSION;

constexpr std::array known_documents{
    Document{"pgweir.1", [] { return command_line_manual(version); }},
    Document{"pgweir.yaml.5", [] { return conf::manual(version); }},
    Document{"pgweir-console.7", [] { return console::manual(version); }},
    Document{"pgweir.yaml", [] { return setup_configuration({}); }},
    Document{"pgweir.bash", [] { return command_line_completion(); }},
};

constexpr auto names = [] {
    std::array<std::string_view, known_documents.size()> found;
    std::ranges::transform(known_documents, found.begin(), &Document::name);
    return found;
}();

}  // namespace

std::span<const std::string_view> document_names() {
    return names;
}

std::string document(std::string_view name) {
    const auto found = std::ranges::find(known_documents, name, &Document::name);
    return found == known_documents.end() ? std::string{} : found->text();
}

}  // namespace pgweir::daemon
