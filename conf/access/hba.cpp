#include "conf/access/hba.hpp"

#include <algorithm>

#include "conf/config.hpp"

namespace pgweir::conf {

namespace {

bool fits(const HbaRule::Name& name, std::string_view wanted, std::string_view user) {
    switch (name.kind) {
        case HbaRule::Name::Kind::exact:
            return name.text == wanted;
        case HbaRule::Name::Kind::regex:
            return name.regex->matches(std::string{wanted});
        case HbaRule::Name::Kind::all:
            return true;
        case HbaRule::Name::Kind::same_user:
            return wanted == user;
        case HbaRule::Name::Kind::replication:
            return false;  // of a connection to a database
    }
    return false;
}

bool fits(HbaRule::Transport transport, const HbaQuestion& question) {
    switch (transport) {
        case HbaRule::Transport::local:
            return question.is_local;
        case HbaRule::Transport::host:
            return !question.is_local;
        case HbaRule::Transport::hostssl:
            return !question.is_local && question.is_tls;
        case HbaRule::Transport::hostnossl:
            return !question.is_local && !question.is_tls;
        case HbaRule::Transport::never:
            return false;
    }
    return false;
}

}  // namespace

bool HbaRule::applies(const HbaQuestion& question) const {
    if (!fits(transport, question)) return false;
    if (transport != Transport::local && ranges &&
        std::ranges::none_of(
            *ranges, [&](const IpRange& range) { return range.contains(question.address); })) {
        return false;
    }
    const auto any = [&](const std::vector<Name>& names, std::string_view wanted) {
        return std::ranges::any_of(
            names, [&](const Name& name) { return fits(name, wanted, question.user); });
    };
    const bool database_fits =
        question.is_physical_replication
            ? std::ranges::find(databases, Name::Kind::replication, &Name::kind) != databases.end()
            : any(databases, question.database);
    return database_fits && any(users, question.user);
}

const HbaRule* Hba::find(const HbaQuestion& question) const {
    const auto found =
        std::ranges::find_if(rules_, [&](const HbaRule& rule) { return rule.applies(question); });
    return found == rules_.end() ? nullptr : &*found;
}

}  // namespace pgweir::conf
