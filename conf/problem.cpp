#include "conf/problem.hpp"

namespace pgweir::conf {

std::string Problem::to_string() const {
    std::string text = file;
    if (line > 0) text += ':' + std::to_string(line) + ':' + std::to_string(column);
    return text + ": " + message;
}

}  // namespace pgweir::conf
