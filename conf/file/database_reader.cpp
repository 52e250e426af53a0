#include "conf/file/database_reader.hpp"

#include <cstdint>
#include <utility>

#include "conf/access/secrets.hpp"
#include "conf/file/connection_keywords.hpp"
#include "conf/file/connection_string.hpp"
#include "conf/file/libpq_here.hpp"
#include "conf/file/wording.hpp"

namespace pgweir::conf {
namespace {

/// What an entry of `databases` may hold: libpq's keywords and our options.
std::vector<std::string_view> database_keys() {
    const auto keywords = connection_keywords();
    std::vector<std::string_view> names{keywords.begin(), keywords.end()};
    for (const Option& option : options()) {
        if (option.per_database) names.push_back(option.name_in_entry());
    }
    return names;
}

std::vector<std::string_view> user_keys() {
    std::vector<std::string_view> names{"password"};
    for (const Option& option : options()) {
        if (option.per_user()) names.push_back(option.name_in_entry());
    }
    return names;
}

/// Reads one entry of `databases`.
class DatabaseReader {
  public:
    DatabaseReader(const YamlEntry& entry, const PoolOptions& defaults, Reporter& reporter)
        : node_{*entry.value}, reporter_{reporter} {
        database.name = entry.key;
        database.options = defaults;
    }

    Database database;
    Origins::Places places;
    std::set<const Option*> refused;

    void read() {
        const std::size_t before = problems_;
        if (node_.kind == YamlNode::Kind::scalar) {
            read_string();
        } else if (node_.kind == YamlNode::Kind::map) {
            for (const YamlEntry& entry : node_.entries) read_key(entry);
        } else {
            problem(node_.place, "database " + in_quotes(database.name) +
                                     ": expected a connection string or a map, found " +
                                     std::string{kind_in_words(node_.kind)});
        }
        if (problems_ == before) complete();
    }

  private:
    void problem(Place place, std::string message) {
        ++problems_;
        reporter_.add(place, std::move(message));
    }

    /// Defaults of the connection, and what can be checked only when all of it is known.
    void complete() {
        if (const auto wrong = check_hosts(database.connection)) problem(node_.place, *wrong);
        // As in PgBouncer: without a name of its own, the database is called as its entry. A
        // service file may name another.
        if (!database.is_fallback() && database.keyword("dbname") == nullptr &&
            database.keyword("service") == nullptr) {
            database.connection.emplace_back("dbname", database.name);
        }
    }

    void read_string() {
        std::string text = node_.text;
        // A reference for the whole string is resolved before parsing; otherwise after it, so that
        // a password with a space or quote stays one value.
        const bool whole = is_one_reference(text);
        if (whole) {
            Result<std::string> resolved = resolve_secret(text);
            if (!resolved) {
                problem(node_.place, resolved.error().message);
                return;
            }
            text = *std::move(resolved);
        }
        const auto keywords = parse_connection_string(text);
        if (!keywords) {
            problem(node_.place, keywords.error().message);
            return;
        }
        // In a URI the password comes first.
        bool after_secret = whole || text.find("://") != std::string::npos;
        for (const auto& [name, value] : *keywords) {
            if (is_connection_keyword(name)) {
                add_keyword(name, value, node_.place, whole ? From::reference : From::string);
            } else {
                problem(node_.place, unknown_keyword(name, after_secret));
            }
            after_secret = after_secret || is_secret_keyword(name);
        }
    }

    /// The message for a word of a connection string that is no keyword. After a password it may
    /// be the rest of one with a space, and is shown only if it is surely meant as a keyword.
    static std::string unknown_keyword(std::string_view name, bool after_secret) {
        const std::string in = "connection string: ";
        if (find_database_option(name) != nullptr) {
            return in + in_quotes(name) +
                   " is an option of pgweir, not of libpq: write the database as a map";
        }
        if (const auto reason = why_refused(name); !reason.empty()) {
            return in + in_quotes(name) + " is not possible: " + std::string{reason};
        }
        const std::string meant = did_you_mean(name, connection_keywords());
        if (after_secret && meant.empty()) {
            return in +
                   "unknown keyword (not shown, as it may be part of a password: a value "
                   "with spaces needs single quotes)";
        }
        return in + "unknown keyword " + in_quotes(name) + meant;
    }

    void read_key(const YamlEntry& entry) {
        const std::string& key = entry.key;
        if (const Option* const option = find_database_option(key)) {
            read_option(*option, entry);
        } else if (is_connection_keyword(key)) {
            const auto text = read_scalar(key, "a single value", *entry.value, reporter_);
            if (text) {
                add_keyword(key, *text, entry.value->place, From::map);
            } else {
                ++problems_;
            }
        } else if (const auto reason = why_refused(key); !reason.empty()) {
            problem(entry.place, in_quotes(key) + " is not possible: " + std::string{reason});
        } else {
            problem(entry.place,
                    unknown_key(key, "database " + in_quotes(database.name), database_keys()));
        }
    }

    void read_option(const Option& option, const YamlEntry& entry) {
        const std::optional<Value> value = read_value(option, entry.key, *entry.value, reporter_);
        if (value) {
            set(option, database.options, *value);
            places[&option] = entry.value->place;
        } else {
            refused.insert(&option);
            ++problems_;
        }
    }

    /// Where the value of a keyword stands: in a map, in a connection string, or in such a string
    /// that a reference has brought and that is taken as it is.
    enum class From : std::uint8_t { map, string, reference };

    void add_keyword(const std::string& name, std::string_view text, Place place, From from) {
        const auto resolve = is_secret_keyword(name) ? resolve_secret : expand_variables;
        Result<std::string> value =
            from == From::reference ? Result{std::string{text}} : resolve(text);
        if (!value) {
            problem(place, name + ": " + value.error().message);
        } else if (const auto wrong =
                       check_keyword_value(name, *value, from == From::map && *value == text)) {
            problem(place, *wrong);
        } else if (const auto missing = why_missing(name, libpq_here())) {
            problem(place, *missing);
        } else {
            database.connection.emplace_back(name, *std::move(value));
        }
    }

    const YamlNode& node_;
    Reporter& reporter_;
    std::size_t problems_ = 0;
};

/// One password, or a list of several. None may be empty: it would let nobody in, or everybody.
void read_passwords(User& user, const YamlEntry& entry, Reporter& reporter) {
    const auto read_one = [&](const YamlNode& node) {
        const auto text =
            read_scalar(entry.key, "a password or a list of passwords", node, reporter);
        if (!text) return;
        Result<std::string> secret = resolve_secret(*text);
        if (!secret) {
            reporter.add(node.place, entry.key + ": " + secret.error().message);
        } else if (secret->empty()) {
            reporter.add(node.place, entry.key + ": the password is empty");
        } else {
            user.passwords.push_back(*std::move(secret));
        }
    };
    if (entry.value->kind != YamlNode::Kind::list) {
        read_one(*entry.value);
        return;
    }
    for (const YamlNodePtr& item : entry.value->items) read_one(*item);
}

}  // namespace

Database read_database(const YamlEntry& entry, const PoolOptions& defaults, Origins& origins,
                       Reporter& reporter) {
    DatabaseReader reader{entry, defaults, reporter};
    if (entry.key.empty()) reporter.add(entry.place, "a database needs a name");
    reader.read();
    origins.databases.push_back(std::move(reader.places));
    origins.refused.merge(reader.refused);
    return std::move(reader.database);
}

User read_user(const YamlEntry& entry, Origins& origins, Reporter& reporter) {
    User user{.name = entry.key};
    Origins::Places& places = origins.users.emplace_back();
    if (entry.key.empty()) reporter.add(entry.place, "a user needs a name");
    if (entry.value->kind != YamlNode::Kind::map) {
        reporter.add(entry.value->place, "user " + in_quotes(entry.key) +
                                             ": expected a map, found " +
                                             std::string{kind_in_words(entry.value->kind)});
        return user;
    }
    for (const YamlEntry& own : entry.value->entries) {
        if (own.key == "password") {
            read_passwords(user, own, reporter);
            continue;
        }
        const Option* const option = find_user_option(own.key);
        if (option == nullptr) {
            reporter.add(own.place,
                         unknown_key(own.key, "user " + in_quotes(entry.key), user_keys()));
            continue;
        }
        const std::optional<Value> value = read_value(*option, own.key, *own.value, reporter);
        if (value) {
            set(*option, user, *value);
            places[option] = own.value->place;
        } else {
            origins.refused.insert(option);
        }
    }
    return user;
}

}  // namespace pgweir::conf
