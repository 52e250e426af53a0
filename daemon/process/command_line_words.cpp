#include "daemon/process/command_line_words.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "daemon/process/documents.hpp"

namespace pgweir {
namespace {

void add_arguments(CLI::App& app, CommandLineWords& words) {
    app.set_version_flag("-V,--version", "pgweir " PGWEIR_VERSION, "Print the version and exit");
    app.add_option("CONFIG", words.config, "The configuration, a YAML file")->type_name("");
    app.add_option("--pgbouncer-ini", words.ini,
                   "The configuration, a pgbouncer.ini, in place of CONFIG")
        ->type_name("FILE");
    app.add_flag("--check", words.check,
                 "Check the configuration and exit: 0 if it is right, 2 if not");
    app.add_option("--import", words.import,
                   "Print a pgbouncer.ini as YAML, and to standard error what became of each "
                   "setting; exit: 0, or 2 if there is a problem")
        ->type_name("FILE");
    app.add_option("--diff", words.diff,
                   "Print what a reload from OLD to NEW would change (reload) and what needs a "
                   "restart (restart); exit: 0 if nothing, 1 if something, 2 if a file is wrong")
        ->type_name("OLD NEW")
        ->expected(2);
    app.add_option("--format", words.format,
                   "The syntax of CONFIG, OLD and NEW; auto: PgBouncer's for names that end with "
                   ".ini")
        ->type_name("auto|yaml|pgbouncer")
        ->check(CLI::IsMember({"auto", "yaml", "pgbouncer"}));
    app.add_flag("--options", words.options, "Print the reference of all options and exit");
    app.add_flag("--example", words.example, "Print an example of a configuration and exit");
    app.add_flag("--setup{all}", words.setup,
                 "Look at a PostgreSQL, and print the SQL for a role that looks up passwords there "
                 "(--setup=sql), a configuration for that server (--setup=yaml), or both as SQL, "
                 "with the configuration in comments; exit: 0, or 1 if the server does not answer")
        ->check(CLI::IsMember({"all", "sql", "yaml"}));
    app.add_option("--server", words.server,
                   "The PostgreSQL that --setup looks at, as a connection string of libpq; without "
                   "it the one that psql finds")
        ->type_name("CONNINFO");
    const auto names = daemon::document_names();
    app.add_option("--document", words.document,
                   "Print a file of an installation that is made from the program's own tables, "
                   "manual pages among them, and exit")
        ->type_name("NAME")
        ->check(CLI::IsMember(std::vector<std::string>{names.begin(), names.end()}));
}

/// As PgBouncer has them, so that scripts that start it start pgweir.
void add_pgbouncers_arguments(CLI::App& app, CommandLineWords& words) {
    app.add_flag("-d,--daemon", words.background,
                 "Run in the background, with the log nowhere unless standard error is redirected");
    app.add_flag("-q,--quiet", words.quiet, "Log nothing to standard error");
    app.add_flag("-v,--verbose", words.verbosity,
                 "Log more than log.level says; -v -v: still more");
    app.add_option("-u,--user", words.user, "Take the identity of this user")->type_name("NAME");
    app.add_flag("-R,--reboot", words.reboot, "Not supported: PgBouncer's online restart");
}

}  // namespace

void describe(CLI::App& app, CommandLineWords& words) {
    add_arguments(app, words);
    add_pgbouncers_arguments(app, words);
}

}  // namespace pgweir
