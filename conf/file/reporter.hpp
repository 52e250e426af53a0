// Collects the problems of a file, or of a configuration that is made of several.
#pragma once

#include <string>
#include <vector>

#include "conf/problem.hpp"

namespace pgweir::conf {

class Reporter {
  public:
    explicit Reporter(std::string file) : files_{std::move(file)} {}
    /// `files` is what Place::file counts, from 0; at least one.
    explicit Reporter(std::vector<std::string> files) : files_{std::move(files)} {}

    /// Notes a problem. Beyond some hundreds only the fact that there are more is kept.
    void add(Place place, std::string message);
    [[nodiscard]] bool any() const { return !noted_.empty(); }
    /// All problems by file and position; those of one place in the order they were noted.
    [[nodiscard]] std::vector<Problem> take();

  private:
    struct Noted {
        Place place;
        std::string message;
    };

    std::vector<std::string> files_;
    std::vector<Noted> noted_;
    std::size_t not_shown_ = 0;
};

}  // namespace pgweir::conf
