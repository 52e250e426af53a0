#include "pool/session/questions.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace pgweir::pool {

Questions::Reader Questions::reader_for(Question question, std::string_view sticky_functions) {
    switch (question) {
        case Question::state:
            return StateReader();
        case Question::catalogue:
            return CatalogueReader(sticky_functions);
        case Question::login_defaults:
        case Question::login_sources:
            return LoginDefaultsReader();
        default:
            return {};
    }
}

void Questions::asked(Question question, std::string_view sticky_functions) {
    entries_.push_back({question, reader_for(question, sticky_functions)});
}

bool Questions::is_asked(Question question) const {
    return std::ranges::find(entries_, question, &Entry::question) != entries_.end();
}

Question Questions::oldest() const {
    assert(any());
    return entries_.front().question;
}

void Questions::row(Bytes body, bool whole) {
    assert(any());
    if (std::holds_alternative<std::monostate>(entries_.front().reader)) return;
    if (whole) {
        read(body, true);
    } else {
        long_row_ = body;
    }
}

// The source of a function, or a setting's value, longer than the buffer.
void Questions::more_of_row(Bytes bytes, bool ends) {
    constexpr std::size_t longest = 4U << 20U;
    if (long_row_.empty()) return;
    if (long_row_.size() <= longest) long_row_ += bytes.substr(0, longest + 1 - long_row_.size());
    if (!ends) return;
    const std::string row = std::exchange(long_row_, {});
    read(row, row.size() <= longest);
}

void Questions::read(Bytes row, bool whole) {
    std::visit(
        [&](auto& reader) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(reader)>, std::monostate>)
                reader.row(row, whole);
        },
        entries_.front().reader);
}

void Questions::failed(protocol::ErrorReport error) {
    assert(any());
    error_ = std::move(error);
}

Questions::Answer Questions::answered() {
    assert(any());
    Answer answer{.question = oldest(), .error = std::exchange(error_, std::nullopt), .told = {}};
    if (!answer.error) answer.told = finish();
    long_row_.clear();
    entries_.erase(entries_.begin());
    return answer;
}

Questions::Told Questions::finish() {
    return std::visit(
        [](auto& reader) -> Told {
            if constexpr (std::is_same_v<std::decay_t<decltype(reader)>, std::monostate>) {
                return {};
            } else {
                return reader.finish();
            }
        },
        entries_.front().reader);
}

}  // namespace pgweir::pool
