#include "conf/reporter.hpp"

#include <algorithm>
#include <utility>

namespace pgweir::conf {
namespace {

constexpr std::size_t max_problems = 500;

Place place_of(const Problem& problem) {
    return {problem.line, problem.column};
}

}  // namespace

void Reporter::add(Place place, std::string message) {
    if (problems_.size() == max_problems) {
        ++not_shown_;
        return;
    }
    problems_.push_back({file_, place.line, place.column, std::move(message)});
}

std::vector<Problem> Reporter::take() {
    std::ranges::stable_sort(problems_, {}, place_of);
    if (not_shown_ > 0) {
        const Place last = place_of(problems_.back());
        problems_.push_back({file_, last.line, last.column,
                             "and " + std::to_string(not_shown_) + " more problems"});
    }
    return std::move(problems_);
}

}  // namespace pgweir::conf
