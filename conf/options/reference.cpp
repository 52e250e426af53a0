#include "conf/options/reference.hpp"

#include <algorithm>
#include <string_view>

#include "conf/file/connection_keywords.hpp"
#include "conf/options/manual_page.hpp"
#include "conf/options/option_table.hpp"

namespace pgweir::conf {
namespace {

constexpr std::size_t line_width = 100;

/// `text` as comment lines of at most line_width characters.
std::string comment(std::string_view text, std::string_view indent) {
    std::string lines;
    while (!text.empty()) {
        const std::size_t room = line_width - indent.size() - 2;
        std::size_t end = text.size();
        if (end > room) end = std::min(text.rfind(' ', room), text.size());
        lines += std::string{indent} + "# " + std::string{text.substr(0, end)} + '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// The default as YAML: quoted where YAML would read something else.
std::string default_as_yaml(const Option& option) {
    const std::string text{option.default_text};
    if (option.is_list()) return "[\"" + text + "\"]";
    const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
    });
    return plain ? text : '"' + text + '"';
}

/// "number, auto or 1 to 256; restart".
std::string facts(const Option& option) {
    std::string text = type_in_words(option);
    if (const std::string range = range_in_words(option); !range.empty()) {
        text += ", " + range;
    } else if (!option.zero_name.empty()) {
        text += " or " + std::string{option.zero_name};
    }
    return text;
}

std::string also_in(const Option& option) {
    std::string places;
    if (option.per_database) places += "databases";
    if (option.per_user()) places += places.empty() ? "users" : ", users";
    if (!places.empty() && option.name_in_entry() != option.leaf()) {
        places += " as `" + std::string{option.name_in_entry()} + '`';
    }
    return places;
}

std::string reference_row(const Option& option) {
    std::string row = "| `" + std::string{option.path} + "` | " + facts(option) + " | `" +
                      std::string{option.default_text} + "` | " + also_in(option) + " | " +
                      (option.reload == Reload::applies ? "yes" : "restart") + " | ";
    if (option.secret) row += "Secret. ";
    return row + std::string{option.sentence} + " |\n";
}

std::string keyword_list() {
    std::string list;
    for (const std::string_view keyword : connection_keywords()) {
        if (!list.empty()) list += ", ";
        list += '`' + std::string{keyword} + '`';
    }
    return list;
}

constexpr std::string_view reference_head = R"(# Options of pgweir

Made by `pgweir --options` from the option table of the program; do not edit.

)";

constexpr std::string_view reference_notation =
    R"(The configuration is one YAML file. An option `pool.mode` stands as `mode` in the map `pool`. A
duration is a whole number with a unit: `500ms`, `30s`, `5min`, `2h`, `1d`. "Also in" names the
entries that may have a value of their own; the most specific one counts: user, database, global.
"Reload" says whether SIGHUP applies a new value.
)";

constexpr std::string_view reference_table_head = R"(
| Option | Type | Default | Also in | Reload | Meaning |
|---|---|---|---|---|---|
)";

constexpr std::string_view reference_databases = R"(
## databases

A map from the name that clients ask for to the server; `"*"`, which YAML wants in quotes, stands
for every other name. At least one entry is needed. An entry is

- a libpq connection string, `"host=127.0.0.1 dbname=app"` or `postgresql://127.0.0.1/app`, or
- a map of libpq's keywords and the options above that may stand in `databases`.

Without `dbname` the database has the name that the client asked for. The keywords are
)";

constexpr std::string_view reference_secrets = R"(
Values of keywords, and connection strings as a whole, may refer to the environment: `${NAME}`;
`$${` stands for `${`. A password or key, and a connection string as a whole, may be in a file of
its own: `file:/path`, without its last newline. `service` and `passfile` are read by libpq when it
connects. GSS encryption cannot be relayed, so `gssencmode` is `disable` or `prefer`.

## users

A map from the name of a user to the options above that may stand in `users`, and `password`: what
lets the user in, or a list of which any does, so that passwords change without downtime. Each is
plain, `md5...` or `SCRAM-SHA-256$...` as PostgreSQL stores it, and may refer to the environment or a
file as above. A plain one also logs pgweir in to the server.
)";

constexpr std::string_view example_head =
    R"(# An example of a configuration of pgweir: every option at its default. Made by `pgweir --example`.
# Check a file with `pgweir --check FILE`; `pgweir --options` explains more.

)";

constexpr std::string_view example_tail = R"(
# What clients may ask for, and where it is. The name "*" needs its quotes.
databases:
  # Any libpq connection string:
  # app: "host=127.0.0.1 port=5432 dbname=app user=app password=${APP_PASSWORD}"
  # shop: "postgresql://shop@db1,db2/shop?target_session_attrs=read-write"
  # Or a map of libpq's keywords, with options for this database beside them:
  # reports: {host: db3, user: reports, password: file:/run/secrets/reports, query_timeout: 5min}
  # Any other name is passed on as dbname:
  "*": {host: 127.0.0.1, port: 5432}

# What is different for a user.
users:
  # ann: {pool_size: 5, pool_mode: session, password: file:/run/secrets/ann}
)";

/// What the columns of the table say besides, as sentences behind the meaning.
std::string manual_entry(const Option& option) {
    std::string text{option.sentence};
    text += " Type: " + facts(option) + ".";
    text += option.default_text.empty() ? std::string{" Empty by default."}
                                        : " Default: `" + std::string{option.default_text} + "`.";
    if (const std::string places = also_in(option); !places.empty()) {
        text += " Also in " + places + '.';
    }
    if (option.reload == Reload::needs_restart) text += " A new value needs a restart.";
    if (option.secret) text += " Secret.";
    return text;
}

}  // namespace

std::string manual(std::string_view version) {
    ManualPage page{"pgweir.yaml", 5, version, "configuration of pgweir"};
    page.heading("description");
    page.markdown(reference_notation);
    page.paragraph(
        "`pgweir --check` says what is wrong with a file, `pgweir --example` prints one "
        "with every option.");
    page.heading("options");
    for (const Option& option : options()) {
        page.item('`' + std::string{option.path} + '`', manual_entry(option));
    }
    page.markdown(std::string{reference_databases} + keyword_list() + ".\n" +
                  std::string{reference_secrets});
    page.heading("see also");
    page.paragraph("`pgweir`(1), `pgweir-console`(7)");
    return page.text();
}

std::string reference() {
    std::string text{reference_head};
    text += reference_notation;
    text += reference_table_head;
    for (const Option& option : options()) text += reference_row(option);
    text += reference_databases;
    text += keyword_list() + ".\n";
    text += reference_secrets;
    return text;
}

std::string example() {
    std::string text{example_head};
    std::string_view section;
    for (const Option& option : options()) {
        const std::string indent = option.section().empty() ? "" : "  ";
        if (option.section() != section) {
            section = option.section();
            if (!section.empty()) text += '\n' + std::string{section} + ":\n";
            if (section.empty()) text += '\n';
        }
        text += comment(std::string{option.sentence} + " (" + facts(option) + ")", indent);
        text += indent + std::string{option.leaf()} + ": " + default_as_yaml(option) + '\n';
    }
    return text + std::string{example_tail};
}

}  // namespace pgweir::conf
