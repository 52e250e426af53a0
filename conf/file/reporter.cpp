#include "conf/file/reporter.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace pgweir::conf {
namespace {

constexpr std::size_t max_problems = 500;

}  // namespace

void Reporter::add(Place place, std::string message) {
    if (noted_.size() == max_problems) {
        ++not_shown_;
        return;
    }
    noted_.push_back({place, std::move(message)});
}

std::vector<Problem> Reporter::take() {
    std::ranges::stable_sort(noted_, {}, [](const Noted& noted) {
        return std::tuple{noted.place.file, noted.place.line, noted.place.column};
    });
    if (not_shown_ > 0) {
        noted_.push_back(
            {noted_.back().place, "and " + std::to_string(not_shown_) + " more problems"});
    }
    std::vector<Problem> problems;
    problems.reserve(noted_.size());
    for (Noted& noted : noted_) {
        problems.push_back({files_.at(static_cast<std::size_t>(noted.place.file)), noted.place.line,
                            noted.place.column, std::move(noted.message)});
    }
    noted_.clear();
    return problems;
}

}  // namespace pgweir::conf
