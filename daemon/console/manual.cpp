#include "daemon/console/manual.hpp"

#include "conf/options/manual_page.hpp"
#include "daemon/console/command_table.hpp"

namespace pgweir::daemon::console {
namespace {

std::string in_code(std::string_view text) {
    return '`' + std::string{text} + '`';
}

/// What a SHOW shows: its columns, or why there are none.
std::string shown(const Show& show) {
    if (!show.why_not.empty()) return "Not there: " + std::string{show.why_not} + '.';
    if (show.columns.empty()) return "Told by a notice.";
    std::string text;
    for (const Column& column : show.columns) {
        text += (text.empty() ? "" : ", ") + std::string{column.name};
    }
    return text + '.';
}

}  // namespace

std::string manual(std::string_view version) {
    conf::ManualPage page{"pgweir-console", 7, version, "console of the connection pooler pgweir"};
    page.heading("synopsis");
    page.paragraph("`psql` \"host=/run/pgweir port=6432 dbname=pgweir user=NAME\"");
    page.heading("description");
    page.paragraph(
        "The databases `pgweir` and `pgbouncer` are a console with PgBouncer's commands. It "
        "answers to the users of `console.admin_users`, to those of `console.stats_users`, who may "
        "only "
        "look, and to the user that pgweir runs as, by the Unix socket.");
    page.heading("commands");
    for (const CommandEntry& entry : command_table()) {
        std::string text{entry.help};
        if (entry.role == Role::admin) text += " For users of `console.admin_users`.";
        page.item(in_code(entry.syntax), text);
    }
    page.heading("what show shows");
    page.paragraph(
        "The name behind SHOW, and the columns of the answer: PgBouncer's in its order, "
        "then pgweir's own.");
    for (const Show& show : show_table()) page.item(in_code(show.name), shown(show));
    page.heading("see also");
    page.paragraph("`pgweir`(1), `pgweir.yaml`(5)");
    return page.text();
}

}  // namespace pgweir::daemon::console
