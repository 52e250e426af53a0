#include "protocol/sql/lead_in.hpp"

#include <algorithm>
#include <utility>

namespace pgweir::protocol {

std::size_t LeadIn::skip(std::string_view text) {
    if (ended()) return 0;
    const auto* const found = std::ranges::find_if(text, [this](char c) { return !take(c); });
    if (found != text.end()) place_ = Place::behind;
    return static_cast<std::size_t>(found - text.begin());
}

bool LeadIn::take(char c) {
    switch (place_) {
        case Place::blank:
            if (c == '/') place_ = Place::slash;
            if (c == '-') place_ = Place::dash;
            return place_ != Place::blank || is_space(c) || c == ';';
        case Place::slash:
            place_ = Place::block;
            depth_ = 1;
            return c == '*';
        case Place::dash:
            place_ = Place::line;
            return c == '-';
        case Place::line:
            if (is_line_end(c)) place_ = Place::blank;
            return true;
        case Place::block:
        case Place::block_slash:
        case Place::block_star:
            take_in_block(c);
            return true;
        case Place::behind:
            break;
    }
    return false;
}

void LeadIn::take_in_block(char c) {
    const Place before = std::exchange(place_, Place::block);
    if (before == Place::block_slash && c == '*') {
        ++depth_;
    } else if (before == Place::block_star && c == '/') {
        if (--depth_ == 0) place_ = Place::blank;
    } else if (c == '/') {
        place_ = Place::block_slash;
    } else if (c == '*') {
        place_ = Place::block_star;
    }
}

}  // namespace pgweir::protocol
