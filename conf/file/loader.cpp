#include "conf/file/loader.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "conf/access/userlist.hpp"
#include "conf/file/addresses.hpp"
#include "conf/file/bounded_file.hpp"
#include "conf/file/database_reader.hpp"
#include "conf/file/reporter.hpp"
#include "conf/file/source_text.hpp"
#include "conf/file/wording.hpp"
#include "conf/file/yaml_tree.hpp"
#include "conf/options/cross_checks.hpp"
#include "conf/options/option_reader.hpp"
#include "conf/options/option_table.hpp"

namespace pgweir::conf {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr Place whole_file{0, 0};
constexpr Place start{1, 1};

/// The sections, and the options that stand at the top.
std::vector<std::string_view> top_keys() {
    std::vector<std::string_view> names{"databases", "users"};
    for (const Option& option : options()) {
        const std::string_view name = option.section().empty() ? option.path : option.section();
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    return names;
}

std::vector<std::string_view> section_keys(std::string_view section) {
    std::vector<std::string_view> names;
    for (const Option& option : options()) {
        if (option.section() == section) names.push_back(option.leaf());
    }
    return names;
}

/// How load_tree_as_pgbouncer() reads.
struct Leniency {
    const Config* former;
    std::vector<LoadWarning>& warnings;
};

/// Builds one Config from one document.
class Loader {
  public:
    Loader(Reporter& reporter, std::vector<Problem>& of_files, Leniency* lenient)
        : reporter_{reporter}, of_files_{of_files}, lenient_{lenient} {}

    Config load(const YamlNode& root) {
        if (root.kind != YamlNode::Kind::map) {
            reporter_.add(root.place, "expected a map of options, found " +
                                          std::string{kind_in_words(root.kind)});
            return {};
        }
        for (const YamlEntry& entry : root.entries) read_top(entry);
        finish_listen();
        // Only now, wherever they stand: they start from the global values.
        read_databases(root);
        if (users_ != nullptr) read_users(*users_);
        read_files();
        check_auth_databases();
        check_together(config_, origins_, reporter_);
        return std::move(config_);
    }

  private:
    void read_top(const YamlEntry& entry) {
        const Option* const option = find_option(entry.key);
        if (entry.key == "databases") {
            databases_ = &entry;
        } else if (entry.key == "users") {
            users_ = &entry;
        } else if (option != nullptr && option->section().empty()) {
            read_option(*option, *entry.value);
        } else if (!section_keys(entry.key).empty() && !entry.key.empty()) {
            read_section(entry);
        } else {
            reporter_.add(entry.place, unknown_key(entry.key, "the file", top_keys()));
        }
    }

    /// The map under a key, or nullptr and a problem. A key without a value is an empty map: so is
    /// a section whose every line is a comment.
    const YamlNode* map_of(const YamlEntry& entry) {
        if (entry.value->kind == YamlNode::Kind::map) return entry.value.get();
        if (entry.value->kind != YamlNode::Kind::null) {
            reporter_.add(entry.value->place, entry.key + ": expected a map, found " +
                                                  std::string{kind_in_words(entry.value->kind)});
        }
        return nullptr;
    }

    void read_section(const YamlEntry& section) {
        const YamlNode* const map = map_of(section);
        if (map == nullptr) return;
        for (const YamlEntry& entry : map->entries) {
            const Option* const option = find_option(section.key + '.' + entry.key);
            if (option != nullptr) {
                read_option(*option, *entry.value);
            } else {
                reporter_.add(entry.place, unknown_key(entry.key, in_quotes(section.key),
                                                       section_keys(section.key)));
            }
        }
    }

    void read_option(const Option& option, const YamlNode& node) {
        if (option.is_list()) {
            read_list(option, node);
        } else if (const std::optional<Value> value =
                       read_value(option, option.leaf(), node, reporter_)) {
            set(option, config_, *value);
            origins_.globals[&option] = node.place;
        } else {
            origins_.refused.insert(&option);
        }
    }

    /// A list of addresses, or one without the brackets. `listen` is the only such option.
    void read_list(const Option& option, const YamlNode& node) {
        origins_.globals[&option] = node.place;
        if (node.kind != YamlNode::Kind::list) {
            read_item(option, node);
            return;
        }
        if (node.items.empty()) {
            reporter_.add(node.place, std::string{option.leaf()} + ": the list is empty");
        }
        for (const YamlNodePtr& item : node.items) read_item(option, *item);
    }

    void read_item(const Option& option, const YamlNode& node) {
        if (config_.listen.size() == max_listen) {
            reporter_.add(node.place,
                          "listen: more than " + std::to_string(max_listen) + " addresses");
            return;
        }
        const std::optional<Value> value = read_value(option, option.leaf(), node, reporter_);
        if (!value) return;
        config_.listen.push_back(std::get<std::vector<ListenAddress>>(*value).front());
        origins_.listen.push_back(node.place);
    }

    /// The default address if none is given, and the ports of folders.
    void finish_listen() {
        const Option& option = *find_option("listen");
        if (!origins_.globals.contains(&option)) {
            set(option, config_, *parse_value(option, option.default_text));
            origins_.listen = {start};
        }
        const auto tcp = std::ranges::find_if_not(config_.listen, &ListenAddress::is_unix);
        const std::uint16_t port = tcp == config_.listen.end() ? default_port : tcp->port;
        for (ListenAddress& address : config_.listen) {
            if (address.port == 0) address.port = port;
        }
    }

    void read_databases(const YamlNode& root) {
        const YamlNode* const map = databases_ == nullptr ? nullptr : map_of(*databases_);
        const bool none = databases_ == nullptr ||
                          databases_->value->kind == YamlNode::Kind::null ||
                          (map != nullptr && map->entries.empty());
        if (none) {
            const Place place = databases_ == nullptr ? root.place : databases_->place;
            if (lenient_ == nullptr) {
                reporter_.add(place, "no databases: at least one entry is needed in \"databases\"");
            } else {
                warn(place, "databases", "there are none: only the console can be reached");
            }
            return;
        }
        if (map == nullptr) return;
        for (const YamlEntry& entry : map->entries) {
            if (is_reserved_database(entry.key)) {
                reporter_.add(entry.place, in_quotes(entry.key) + " is the name of the console");
            }
            config_.databases.push_back(read_database(entry, config_.pool, origins_, reporter_));
        }
    }

    /// Where auth_query is asked. One that is not there lets nobody in who has to be looked up.
    void check_auth_databases() {
        const Option& option = *find_option("auth.auth_dbname");
        check_auth_database(option, origins_.globals, config_.pool.auth_dbname);
        for (std::size_t i = 0; i < config_.databases.size(); ++i) {
            check_auth_database(option, origins_.databases[i],
                                config_.databases[i].options.auth_dbname);
        }
    }

    void check_auth_database(const Option& option, const Origins::Places& places,
                             const std::string& name) {
        const auto place = places.find(&option);
        if (place == places.end() || name.empty()) return;
        if (is_reserved_database(name)) {
            reporter_.add(place->second, "cannot use the reserved " + in_quotes(name) +
                                             " database as an auth_dbname");
        } else if (config_.find_database(name) == nullptr) {
            const std::string text = "there is no database " + in_quotes(name) + " to ask in";
            if (lenient_ == nullptr) {
                reporter_.add(place->second, "auth_dbname: " + text);
            } else {
                warn(place->second, "auth_dbname", text);
            }
        }
    }

    void read_users(const YamlEntry& users) {
        const YamlNode* const map = map_of(users);
        if (map == nullptr) return;
        for (const YamlEntry& entry : map->entries) {
            config_.users.push_back(read_user(entry, origins_, reporter_));
        }
    }

    /// The files that the configuration names, whose problems have places of their own.
    void read_files() {
        if (const auto text = read_file("auth.auth_file", config_.auth_file)) {
            Reporter reporter{config_.auth_file};
            config_.userlist = parse_userlist(*text, reporter);
            add_problems_of_userlist(reporter.take());
        } else if (const Config* const former = former_with(&Config::auth_file)) {
            config_.userlist = former->userlist;
        }
        read_hba();
        if (!config_.auth_ident_file.empty()) {
            config_.ident_maps = IdentMaps::load(config_.auth_ident_file, of_files_);
        }
    }

    void read_hba() {
        std::vector<Problem> problems;
        if (lenient_ != nullptr && config_.auth_type == AuthType::hba &&
            !read_file("auth.auth_hba_file", config_.auth_hba_file)) {
            const Config* const former = former_with(&Config::auth_hba_file);
            const bool is_known = former != nullptr && former->hba != nullptr;
            config_.hba = is_known ? former->hba : Hba::parse("", "", problems);
            if (config_.auth_hba_file.empty()) {
                warn(start, "auth_hba_file", "it is not set: no rule lets anybody in");
            }
        } else if (!config_.auth_hba_file.empty()) {
            config_.hba = Hba::load(config_.auth_hba_file, of_files_);
        }
    }

    void add_problems_of_userlist(std::vector<Problem> problems) {
        if (lenient_ == nullptr) {
            std::ranges::move(problems, std::back_inserter(of_files_));
            return;
        }
        const Place place = origins_.globals.at(find_option("auth.auth_file"));
        for (const Problem& problem : problems) warn(place, "auth_file", problem.to_string());
    }

    std::optional<std::string> read_file(std::string_view option, const std::string& path) {
        if (path.empty()) return std::nullopt;
        const Result<std::string> content = read_bounded_file(path, longest_file);
        if (content) return *content;
        const Place place = origins_.globals.at(find_option(option));
        const std::string_view name = find_option(option)->leaf();
        const std::string text = "cannot read " + in_quotes(path) + ": " + content.error().message;
        if (lenient_ != nullptr) {
            warn(place, name, text);
        } else {
            reporter_.add(place, std::string{name} + ": " + text);
        }
        return std::nullopt;
    }

    void warn(Place place, std::string_view setting, std::string text) {
        lenient_->warnings.push_back({place, setting, std::move(text)});
    }
    /// The configuration in use, if it names the same file; else nullptr.
    [[nodiscard]] const Config* former_with(std::string Config::*file) const {
        const Config* const former = lenient_ == nullptr ? nullptr : lenient_->former;
        return former != nullptr && former->*file == config_.*file ? former : nullptr;
    }

    /// Every pair of addresses is compared.
    static constexpr std::size_t max_listen = 64;

    Reporter& reporter_;
    std::vector<Problem>& of_files_;
    Leniency* const lenient_;  ///< null: every fault is a problem
    Config config_;
    Origins origins_;
    const YamlEntry* databases_ = nullptr;
    const YamlEntry* users_ = nullptr;
};

/// A tree of nothing but a problem.
YamlTree refused(Place place, std::string message) {
    return {nullptr, {{place, std::move(message)}}};
}

YamlTree parse_checked(std::string_view text) {
    if (text.size() > longest_file) {
        return refused(whole_file, "the file is longer than " + format_size(Bytes{longest_file}));
    }
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (const auto bad = find_bad_byte(text)) {
        return refused(SourceText{text}.place_of(bad->offset), bad->message);
    }
    return parse_yaml(text);
}

LoadResult load(const YamlTree& tree, std::vector<std::string> files, Leniency* lenient) {
    Reporter reporter{std::move(files)};
    std::vector<Problem> of_files;
    auto config = std::make_shared<Config>();
    for (const PlacedMessage& problem : tree.problems) reporter.add(problem.place, problem.message);
    const bool empty = !tree.root || tree.root->kind == YamlNode::Kind::null;
    if (!empty) {
        *config = Loader{reporter, of_files, lenient}.load(*tree.root);
    } else if (!reporter.any()) {
        reporter.add(start, "the file is empty");
    }
    LoadResult result{nullptr, reporter.take()};
    std::ranges::move(of_files, std::back_inserter(result.problems));
    if (result.problems.empty()) result.config = std::move(config);
    return result;
}

}  // namespace

LoadResult load_tree(const YamlTree& tree, std::vector<std::string> files) {
    return load(tree, std::move(files), nullptr);
}

LoadResult load_tree_as_pgbouncer(const YamlTree& tree, std::vector<std::string> files,
                                  const Config* former, std::vector<LoadWarning>& warnings) {
    Leniency lenient{former, warnings};
    return load(tree, std::move(files), &lenient);
}

LoadResult load_text(std::string_view yaml, std::string_view file_name) {
    return load_tree(parse_checked(yaml), {std::string{file_name}});
}

LoadResult load_file(const std::string& path) {
    const Result<std::string> content = read_bounded_file(path, longest_file);
    if (content) return load_text(*content, path);
    return {nullptr, {Problem{path, 0, 0, "cannot read the file: " + content.error().message}}};
}

}  // namespace pgweir::conf
