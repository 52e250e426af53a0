#include "daemon/console/show_table.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "daemon/console/shows.hpp"

namespace pgweir::daemon::console {

namespace {

constexpr std::array without_columns{
    Show{.name = "HELP"},
    Show{.name = "FDS",
         .why_not = "SHOW FDS is not supported: it would hand out sockets and secrets of clients"},
};

std::vector<Show> join() {
    std::vector<Show> all;
    for (const std::span<const Show> shows :
         {socket_shows(), pool_shows(), stats_shows(), process_shows(), own_shows(),
          std::span<const Show>(without_columns)}) {
        all.insert(all.end(), shows.begin(), shows.end());
    }
    return all;
}

}  // namespace

std::span<const Show> show_table() {
    static const std::vector<Show> table = join();
    return table;
}

const Show* find_show(std::string_view name) {
    const auto found = std::ranges::find(show_table(), name, &Show::name);
    return found == show_table().end() ? nullptr : &*found;
}

}  // namespace pgweir::daemon::console
