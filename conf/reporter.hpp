// Collects the problems of one file.
#pragma once

#include <string>
#include <vector>

#include "conf/problem.hpp"

namespace pgweir::conf {

class Reporter {
  public:
    explicit Reporter(std::string file) : file_{std::move(file)} {}

    /// Notes a problem. Beyond some hundreds only the fact that there are more is kept.
    void add(Place place, std::string message);
    [[nodiscard]] bool any() const { return !problems_.empty(); }
    /// All problems by position; those of one place in the order they were noted.
    [[nodiscard]] std::vector<Problem> take();

  private:
    std::string file_;
    std::vector<Problem> problems_;
    std::size_t not_shown_ = 0;
};

}  // namespace pgweir::conf
