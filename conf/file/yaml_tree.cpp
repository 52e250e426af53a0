#include "conf/file/yaml_tree.hpp"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "conf/file/source_text.hpp"
#include "conf/file/wording.hpp"

namespace pgweir::conf {
namespace {

constexpr int max_height = 32;
constexpr std::size_t max_weight = 500'000;
/// Long keys are copied when maps are merged, so length weighs too.
constexpr std::size_t bytes_per_weight = 32;
constexpr std::size_t max_problems = 1'000;

/// Ends the parsing at a problem that leaves nothing to go on with.
struct Stop {
    PlacedMessage problem;
};

/// A list or map that is being read.
struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor = 0;
    /// Of a map: the key whose value comes next.
    bool has_key = false;
    YamlEntry entry;
    bool key_usable = false;
    std::vector<YamlEntry> merged;
    std::unordered_map<std::string, int> first_line;  ///< of each key
};

/// Builds the tree from yaml-cpp's events.
class TreeBuilder final : public YAML::EventHandler {
  public:
    explicit TreeBuilder(const SourceText& source) : source_{source} {}

    YamlTree tree;

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (tree.root) throw Stop{{place(mark), "a second YAML document: only one is read"}};
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(make(YamlNode::Kind::null, mark), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override;
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        check_tag(mark, tag);
        open(make(YamlNode::Kind::list, mark), anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        check_tag(mark, tag);
        open(make(YamlNode::Kind::map, mark), anchor);
    }
    void OnMapEnd() override { close(); }

    /// Where the list or map began that the end of the text has met, if that is what `message`
    /// says.
    [[nodiscard]] std::string unclosed(std::string_view message) const {
        const bool flow = message == YAML::ErrorMsg::END_OF_MAP_FLOW ||
                          message == YAML::ErrorMsg::END_OF_SEQ_FLOW;
        if (!flow || open_.empty()) return {};
        const Place began = open_.back().node->place;
        return ", for the one that began at " + std::to_string(began.line) + ':' +
               std::to_string(began.column);
    }

  private:
    [[nodiscard]] Place place(const YAML::Mark& mark) const {
        return source_.place_of(mark.line, mark.column);
    }
    [[nodiscard]] std::shared_ptr<YamlNode> make(YamlNode::Kind kind,
                                                 const YAML::Mark& mark) const {
        auto node = std::make_shared<YamlNode>();
        node->kind = kind;
        node->place = place(mark);
        return node;
    }
    void problem(Place where, std::string message) {
        if (tree.problems.size() == max_problems) throw Stop{{where, "too many problems"}};
        tree.problems.push_back({where, std::move(message)});
    }

    void check_tag(const YAML::Mark& mark, const std::string& tag);
    void open(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor);
    void close();
    void add(const YamlNodePtr& node, YAML::anchor_t anchor);
    void take_key(Open& map, const YamlNodePtr& node);
    void take_value(Open& map, const YamlNodePtr& node);
    void merge(Open& map, const YamlNodePtr& node);
    static void append_merged(Open& map);

    const SourceText& source_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, YamlNodePtr> anchored_;
};

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
    const auto found = anchored_.find(anchor);
    // The parser knows the anchor, so it is one of the nodes being read.
    if (found == anchored_.end()) throw Stop{{place(mark), "an alias inside its own anchor"}};
    add(found->second, 0);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
    check_tag(mark, tag);
    const auto node = make(YamlNode::Kind::scalar, mark);
    if (value.find('\0') != std::string::npos) {
        problem(node->place, "a zero byte is not allowed here");
    } else {
        node->text = value;
        node->weight += value.size() / bytes_per_weight;
    }
    add(node, anchor);
}

void TreeBuilder::check_tag(const YAML::Mark& mark, const std::string& tag) {
    // "?" and "!" are how yaml-cpp tells plain from quoted scalars.
    const bool plain = tag.empty() || tag == "?" || tag == "!";
    if (!plain && !tag.starts_with("tag:yaml.org,2002:")) {
        problem(place(mark), "YAML tags (\"!...\") have no meaning here");
    }
}

void TreeBuilder::open(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
    if (open_.size() >= static_cast<std::size_t>(max_height)) {
        throw Stop{{node->place, "nested too deeply"}};
    }
    open_.emplace_back();
    open_.back().node = std::move(node);
    open_.back().anchor = anchor;
}

void TreeBuilder::close() {
    append_merged(open_.back());
    const YamlNodePtr node = std::move(open_.back().node);
    const YAML::anchor_t anchor = open_.back().anchor;
    open_.pop_back();
    add(node, anchor);
}

void TreeBuilder::add(const YamlNodePtr& node, YAML::anchor_t anchor) {
    if (anchor != 0) anchored_[anchor] = node;
    if (open_.empty()) {
        tree.root = node;
        return;
    }
    Open& parent = open_.back();
    parent.node->weight += node->weight;
    parent.node->height = std::max(parent.node->height, node->height + 1);
    if (parent.node->weight > max_weight) throw Stop{{node->place, "too many values"}};
    // Aliases nest without the text doing so.
    if (parent.node->height > max_height) throw Stop{{node->place, "nested too deeply"}};
    if (parent.node->kind == YamlNode::Kind::list) {
        parent.node->items.push_back(node);
    } else if (parent.has_key) {
        parent.has_key = false;
        if (parent.key_usable) take_value(parent, node);
    } else {
        parent.has_key = true;
        take_key(parent, node);
    }
}

void TreeBuilder::take_key(Open& map, const YamlNodePtr& node) {
    map.key_usable = false;
    if (node->kind == YamlNode::Kind::null) {
        problem(node->place, "a key is missing, or is a null that needs quotes");
        return;
    }
    if (node->kind != YamlNode::Kind::scalar) {
        problem(node->place, "a key must be a name, not a map or a list");
        return;
    }
    const auto [first, fresh] = map.first_line.try_emplace(node->text, node->place.line);
    if (!fresh) {
        problem(node->place, "duplicate key " + name_in_quotes(node->text) +
                                 ": it is also in line " + std::to_string(first->second));
        return;
    }
    map.entry = {node->text, node->place, nullptr};
    map.key_usable = true;
}

void TreeBuilder::take_value(Open& map, const YamlNodePtr& node) {
    if (map.entry.key == "<<") {
        merge(map, node);
        return;
    }
    map.entry.value = node;
    map.node->entries.push_back(std::move(map.entry));
}

void TreeBuilder::merge(Open& map, const YamlNodePtr& node) {
    if (node->kind == YamlNode::Kind::map) {
        map.merged.insert(map.merged.end(), node->entries.begin(), node->entries.end());
    } else if (node->kind == YamlNode::Kind::list) {
        for (const YamlNodePtr& item : node->items) {
            if (item->kind != YamlNode::Kind::map) {
                problem(node->place, "\"<<\" merges maps only");
                return;
            }
            map.merged.insert(map.merged.end(), item->entries.begin(), item->entries.end());
        }
    } else {
        problem(node->place, "\"<<\" merges maps only");
    }
}

void TreeBuilder::append_merged(Open& map) {
    // The map's own keys win over merged ones, and earlier merged ones over later: both by YAML's
    // definition of the merge key.
    for (YamlEntry& entry : map.merged) {
        if (map.first_line.try_emplace(entry.key, entry.place.line).second) {
            map.node->entries.push_back(std::move(entry));
        }
    }
}

/// Whether the line of byte `offset` is indented by a tab, which YAML does not allow and yaml-cpp
/// reports as something else.
bool tab_indents(std::string_view text, std::size_t offset) {
    const std::size_t newline = text.substr(0, std::min(offset, text.size())).rfind('\n');
    const std::string_view line = text.substr(newline == std::string_view::npos ? 0 : newline + 1);
    const std::size_t content = line.find_first_not_of(" \t");
    return line.substr(0, content).find('\t') != std::string_view::npos;
}

/// yaml-cpp's words, unless they show a value or there is something more helpful to say.
PlacedMessage explain(const YAML::Exception& error, const SourceText& source) {
    const auto& mark = error.mark;
    const Place place = mark.is_null() ? Place{1, 1} : source.place_of(mark.line, mark.column);
    const auto is = [&](std::string_view message) { return error.msg.starts_with(message); };
    if (is(YAML::ErrorMsg::ALIAS_NOT_FOUND) || is(YAML::ErrorMsg::CHAR_IN_ALIAS) ||
        is(YAML::ErrorMsg::UNKNOWN_ANCHOR)) {
        return {place,
                "an unquoted * refers to a YAML anchor, and there is none of that name here: "
                "write \"*\" with its quotes"};
    }
    if (dynamic_cast<const YAML::DeepRecursion*>(&error) != nullptr) {
        return {place, "nested too deeply"};
    }
    const bool tab = tab_indents(source.text(), static_cast<std::size_t>(std::max(mark.pos, 0)));
    return {place, "not valid YAML: " + error.msg + (tab ? "; a tab cannot indent" : "")};
}

}  // namespace

YamlTree parse_yaml(std::string_view text) {
    const SourceText source{text};
    TreeBuilder builder{source};
    std::istringstream stream{std::string{text}};
    try {
        YAML::Parser parser{stream};
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Stop& stop) {
        builder.tree.problems.push_back(stop.problem);
        builder.tree.root = nullptr;
    } catch (const YAML::Exception& error) {
        builder.tree.problems.push_back(explain(error, source));
        builder.tree.problems.back().message += builder.unclosed(error.msg);
        builder.tree.root = nullptr;
    }
    return std::move(builder.tree);
}

}  // namespace pgweir::conf
