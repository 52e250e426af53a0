// From the text of pg_hba.conf to rules.
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <map>

#include "conf/access/hba.hpp"
#include "conf/config.hpp"
#include "conf/file/bounded_file.hpp"
#include "conf/file/wording.hpp"

namespace pgweir::conf {

namespace {

using Transport = HbaRule::Transport;
using Kind = HbaRule::Name::Kind;

/// PostgreSQL's CONF_FILE_MAX_DEPTH.
constexpr int deepest_include = 10;

constexpr std::array<std::pair<std::string_view, Transport>, 6> transports{{
    {"local", Transport::local},
    {"host", Transport::host},
    {"hostssl", Transport::hostssl},
    {"hostnossl", Transport::hostnossl},
    {"hostgssenc", Transport::never},  // pgweir has no GSS encryption
    {"hostnogssenc", Transport::host},
}};

constexpr std::array<std::string_view, 9> methods{
    "trust", "reject", "password", "md5", "scram-sha-256", "cert", "peer", "ldap", "pam"};

// A rule is shown in the log. What stands behind a secret may be the rest of it.
void hide_secret(std::string& text) {
    constexpr std::string_view option = "ldapbindpasswd";
    const std::size_t at = text.find(option);
    text = at == std::string::npos ? "(a rule with a secret)"
                                   : text.substr(0, at + option.size()) + "=(secret)";
}

}  // namespace

class HbaReader {
  public:
    HbaReader(Hba& hba, std::vector<Problem>& problems, bool other_files)
        : hba_{hba}, problems_{problems}, other_files_{other_files} {}

    void read_text(std::string_view text, const std::string& file) {
        Reporter reporter{file};
        file_ = file;
        for (const HbaLine& line : tokenize_hba(text, reporter)) {
            file_ = file;
            if (line.fields.front().front().text.starts_with("include") &&
                !line.fields.front().front().quoted) {
                include(line);
            } else {
                read_rule(line);
            }
        }
        std::ranges::move(reporter.take(), std::back_inserter(problems_));
    }

    void read_file(const std::string& path, Place place, bool may_be_missing) {
        if (depth_ == deepest_include) {
            problem(place,
                    "files are included more than " + std::to_string(deepest_include) + " deep");
            return;
        }
        const Result<std::string> text = read_bounded_file(path, longest_file);
        if (!text) {
            if (may_be_missing && !std::filesystem::exists(path)) return;
            problem(place, "cannot read " + in_quotes(path) + ": " + text.error().message);
            return;
        }
        const std::string from = file_;
        ++depth_;
        read_text(*text, path);
        --depth_;
        file_ = from;
    }

  private:
    void problem(Place place, std::string message) {
        problems_.push_back({file_, place.line, place.column, std::move(message)});
    }

    [[nodiscard]] std::string beside(const std::string& path) const {
        if (path.starts_with('/')) return path;
        return (std::filesystem::path{file_}.parent_path() / path).string();
    }

    void include(const HbaLine& line) {
        const HbaToken& keyword = line.fields.front().front();
        const bool known = keyword.text == "include" || keyword.text == "include_if_exists" ||
                           keyword.text == "include_dir";
        if (!known || line.fields.size() != 2 || line.fields[1].size() != 1) {
            problem(keyword.place, in_quotes(keyword.text) +
                                       (known ? " needs the name of one file" : " is unknown"));
            return;
        }
        if (!other_files_) {
            problem(keyword.place, "other files cannot be included here");
            return;
        }
        const HbaToken& name = line.fields[1].front();
        const std::string path = beside(name.text);
        if (keyword.text != "include_dir") {
            read_file(path, name.place, keyword.text == "include_if_exists");
            return;
        }
        std::error_code error;
        std::vector<std::string> files;
        for (const auto& entry : std::filesystem::directory_iterator{path, error}) {
            const std::string file = entry.path().filename().string();
            if (file.ends_with(".conf") && !file.starts_with('.')) files.push_back(entry.path());
        }
        if (error) problem(name.place, "cannot read " + in_quotes(path) + ": " + error.message());
        std::ranges::sort(files);
        for (const std::string& file : files) read_file(file, name.place, false);
    }

    void read_rule(const HbaLine& line) {
        const std::size_t before = problems_.size();
        HbaRule rule{.file = file_, .line = line.number, .text = line.text};
        std::size_t next = 0;
        const HbaToken* type = single(line, next, "a type of connection");
        if (type == nullptr) return;
        const auto found = std::ranges::find(transports, type->text,
                                             &std::pair<std::string_view, Transport>::first);
        if (found == transports.end()) {
            problem(type->place, in_quotes(type->text) +
                                     " is not local, host, hostssl, hostnossl, hostgssenc or "
                                     "hostnogssenc");
            return;
        }
        rule.transport = found->second;
        if (!read_names(line, next, "databases", rule.databases) ||
            !read_names(line, next, "users", rule.users)) {
            return;
        }
        if (type->text != "local" && !read_address(line, next, rule)) return;
        if (!read_method(line, next, rule)) return;
        for (; next < line.fields.size(); ++next) {
            for (const HbaToken& token : line.fields[next]) read_option(token, rule);
        }
        if (problems_.size() == before) check_ldap(line.fields.back().back().place, rule);
        if (problems_.size() == before) hba_.rules_.push_back(std::move(rule));
    }

    /// The one word of the next field, or nullptr and a problem.
    const HbaToken* single(const HbaLine& line, std::size_t& next, std::string_view what) {
        if (next == line.fields.size()) {
            const HbaToken& last = line.fields.back().back();
            problem(last.place, "the line ends before " + std::string{what});
            return nullptr;
        }
        const HbaField& field = line.fields[next++];
        if (field.size() == 1) return &field.front();
        problem(field[1].place, "expected one word as " + std::string{what} + ", found a list");
        return nullptr;
    }

    bool read_names(const HbaLine& line, std::size_t& next, std::string_view what,
                    std::vector<HbaRule::Name>& names) {
        if (next == line.fields.size()) {
            problem(line.fields.back().back().place,
                    "the line ends before its " + std::string{what});
            return false;
        }
        for (const HbaToken& token : line.fields[next++]) {
            read_name(token, what == "databases", names, 0);
        }
        return true;
    }

    void read_name(const HbaToken& token, bool is_database, std::vector<HbaRule::Name>& names,
                   int depth) {
        if (token.text.starts_with('/') && token.text.size() > 1) {
            // In quotes, too: a pattern may need them for its commas.
            Result<Regex> regex = Regex::compile(token.text.substr(1));
            if (regex) {
                names.push_back({.kind = Kind::regex, .text = token.text, .regex = *regex});
            } else {
                problem(token.place, "invalid regular expression " + in_quotes(token.text) + ": " +
                                         regex.error().message);
            }
        } else if (token.is("all")) {
            names.push_back({.kind = Kind::all});
        } else if (is_database && token.is("sameuser")) {
            names.push_back({.kind = Kind::same_user});
        } else if (is_database && token.is("replication")) {
            names.push_back({.kind = Kind::replication});
        } else if (!token.quoted &&
                   (token.text.starts_with('+') ||
                    (is_database && (token.text == "samerole" || token.text == "samegroup")))) {
            problem(token.place, in_quotes(token.text) +
                                     " needs the membership of roles, which only the server "
                                     "knows: name the users, or leave it to the pg_hba.conf of the "
                                     "server");
        } else if (!token.quoted && token.text.starts_with('@') && token.text.size() > 1) {
            read_list(token, is_database, names, depth);
        } else {
            names.push_back({.text = token.text});
        }
    }

    /// `@file`: the words of a file.
    void read_list(const HbaToken& token, bool is_database, std::vector<HbaRule::Name>& names,
                   int depth) {
        const std::string path = beside(token.text.substr(1));
        if (!other_files_ || depth == deepest_include) {
            problem(token.place, "other files cannot be referred to here");
            return;
        }
        const Result<std::string> text = read_bounded_file(path, longest_file);
        if (!text) {
            problem(token.place, "cannot read " + in_quotes(path) + ": " + text.error().message);
            return;
        }
        const std::string from = std::exchange(file_, path);
        Reporter reporter{path};
        for (const HbaLine& line : tokenize_hba(*text, reporter)) {
            for (const HbaField& field : line.fields) {
                for (const HbaToken& word : field) read_name(word, is_database, names, depth + 1);
            }
        }
        std::ranges::move(reporter.take(), std::back_inserter(problems_));
        file_ = from;
    }

    bool read_address(const HbaLine& line, std::size_t& next, HbaRule& rule) {
        const HbaToken* token = single(line, next, "an address");
        if (token == nullptr) return false;
        if (token->is("all")) return true;
        if (token->is("samehost") || token->is("samenet")) {
            rule.ranges = own_networks();
            if (token->text == "samehost") {
                for (IpRange& range : *rule.ranges) {
                    range.mask =
                        IpAddress::mask(range.address.is_v6, range.address.is_v6 ? 128 : 32);
                }
            }
            return true;
        }
        const std::size_t slash = token->text.find('/');
        const auto address = IpAddress::parse(token->text.substr(0, slash));
        if (!address) {
            problem(token->place,
                    in_quotes(token->text) +
                        " is not an address: pgweir takes no host names here, as it would have to "
                        "look each client up; expected 10.0.0.0/8, 10.0.0.0 255.0.0.0, all, "
                        "samehost or samenet");
            return false;
        }
        if (slash != std::string::npos) return read_bits(*token, *address, slash, rule);
        return read_mask(line, next, *address, rule);
    }

    bool read_bits(const HbaToken& token, const IpAddress& address, std::size_t slash,
                   HbaRule& rule) {
        unsigned bits = 0;
        const char* const end = token.text.data() + token.text.size();
        const auto [rest, error] = std::from_chars(token.text.data() + slash + 1, end, bits);
        if (error != std::errc{} || rest != end || bits > address.size() * 8) {
            problem(token.place, in_quotes(token.text) + ": expected 0 to " +
                                     std::to_string(address.size() * 8) + " behind the slash");
            return false;
        }
        rule.ranges = {{address, IpAddress::mask(address.is_v6, bits)}};
        return true;
    }

    bool read_mask(const HbaLine& line, std::size_t& next, const IpAddress& address,
                   HbaRule& rule) {
        const HbaToken* token = single(line, next, "a mask");
        if (token == nullptr) return false;
        const auto mask = IpAddress::parse(token->text);
        if (!mask || mask->is_v6 != address.is_v6) {
            problem(token->place, in_quotes(token->text) +
                                      " is not a mask for the address: write address/bits, or a "
                                      "mask behind the address");
            return false;
        }
        rule.ranges = {{address, *mask}};
        return true;
    }

    bool read_method(const HbaLine& line, std::size_t& next, HbaRule& rule) {
        const HbaToken* token = single(line, next, "a method");
        if (token == nullptr) return false;
        const auto found = std::ranges::find(methods, token->text);
        if (found == methods.end()) {
            problem(token->place, in_quotes(token->text) + " is not " + any_of(methods) +
                                      ", which are the methods of pgweir" +
                                      did_you_mean(token->text, methods));
            return false;
        }
        rule.method = static_cast<AuthType>(found - methods.begin());
        const bool local = rule.transport == Transport::local;
        if (rule.method == AuthType::peer && !local) {
            problem(token->place, "peer works for local connections only");
        }
        if (rule.method == AuthType::cert) {
            if (rule.transport != Transport::hostssl) {
                problem(token->place, "cert works for hostssl connections only");
            }
            rule.needs_certificate = true;
        }
        const bool is_missing = (rule.method == AuthType::ldap && !has_ldap()) ||
                                (rule.method == AuthType::pam && !has_pam());
        if (is_missing) problem(token->place, not_built(token->text));
        return !is_missing;
    }

    void check_ldap(Place place, HbaRule& rule) {
        if (rule.method != AuthType::ldap) return;
        if (auto wrong = check_ldap_options(rule.ldap)) problem(place, *std::move(wrong));
        if (!rule.ldap.bind_password.empty()) hide_secret(rule.text);
    }

    void read_option(const HbaToken& token, HbaRule& rule) {
        const std::size_t equals = token.text.find('=');
        const std::string name = token.text.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : token.text.substr(equals + 1);
        if (!rule.ldap.bind_password.empty() && !is_ldap_option(name)) {
            problem(token.place,
                    "a word behind ldapbindpasswd is not name=value with a name of an option of "
                    "ldap; a value that has blanks or commas needs quotes");
        } else if (equals == std::string::npos) {
            problem(token.place, in_quotes(token.text) + " is not of the form name=value");
        } else if (rule.method == AuthType::ldap && is_ldap_option(name)) {
            if (auto wrong = set_ldap_option(rule.ldap, name, value)) {
                problem(token.place, *std::move(wrong));
            }
        } else if (rule.method == AuthType::pam && name == "pamservice" && !value.empty()) {
            rule.pam_service = value;
        } else if (rule.method == AuthType::pam && name == "pam_use_hostname") {
            rule.pam_uses_host_name = value == "1";
        } else if (name == "map") {
            if (rule.method != AuthType::cert && rule.method != AuthType::peer) {
                problem(token.place, "map is for the methods cert and peer");
            }
            rule.map = value;
        } else if (name == "clientcert" && (value == "verify-ca" || value == "verify-full")) {
            if (rule.transport != Transport::hostssl) {
                problem(token.place, "clientcert is for hostssl connections");
            }
            rule.needs_certificate = true;
            rule.certificate_is_user = value == "verify-full";
        } else if (name == "clientname" && (value == "CN" || value == "DN")) {
            rule.client_name_is_dn = value == "DN";
        } else if (name == "clientcert" || name == "clientname") {
            problem(token.place,
                    in_quotes(value) + " is not " +
                        (name == "clientcert" ? "verify-ca or verify-full" : "CN or DN"));
        } else {
            problem(token.place, "unknown option " + in_quotes(name) +
                                     "; there are map, clientcert, clientname, and of ldap and pam "
                                     "those of PostgreSQL");
        }
    }

    Hba& hba_;
    std::vector<Problem>& problems_;
    const bool other_files_;
    std::string file_;
    int depth_ = 0;
};

std::shared_ptr<const Hba> Hba::load(const std::string& path, std::vector<Problem>& problems) {
    const auto hba = std::make_shared<Hba>();
    const Result<std::string> text = read_bounded_file(path, longest_file);
    if (!text) {
        problems.push_back({path, 0, 0, "cannot read the file: " + text.error().message});
    } else {
        HbaReader{*hba, problems, true}.read_text(*text, path);
    }
    return hba;
}

std::shared_ptr<const Hba> Hba::parse(std::string_view text, const std::string& name,
                                      std::vector<Problem>& problems) {
    const auto hba = std::make_shared<Hba>();
    HbaReader{*hba, problems, false}.read_text(text, name);
    return hba;
}

}  // namespace pgweir::conf
