#include "pool/session/suspicion.hpp"

#include <utility>

namespace pgweir::pool {

// Of what was asked in vain nothing but its text tells what it was about.
void Suspicion::note_cause() {
    constexpr std::size_t longest = 1024;
    constexpr std::size_t long_text = 4096;
    inquiry_.by.assign(text_, 0, longest);
    text_.clear();
    forget_earlier();
    // Texts may be long, and servers are many.
    if (text_.capacity() > long_text) text_.shrink_to_fit();
}

void Suspicion::keep_text() {
    if (text_.empty()) return;
    earlier_bytes_ += text_.size();
    earlier_.push_back({.request = request_, .runs = runs_, .text = std::move(text_)});
    while (earlier_.size() > most_causes || earlier_bytes_ > most_bytes) {
        earlier_bytes_ -= earlier_.front().text.size();
        earlier_.pop_front();
    }
}

void Suspicion::executed(std::size_t bound, std::size_t request) {
    if (request_ == bound) {
        request_ = request;
        runs_ = true;
        return;
    }
    for (Cause& cause : earlier_) {
        if (cause.request != bound) continue;
        cause.request = request;
        cause.runs = true;
    }
}

const std::string& Suspicion::text_of(const protocol::RequestSpan& requests) const {
    static const std::string none;
    const std::string* found = &none;
    find_text_of(requests, [&found](const std::string& text) {
        found = &text;
        return true;
    });
    return *found;
}

const Inquiry& Suspicion::ask() {
    inquiry_.hurried = std::exchange(asks_again_, false);
    times_hurried_ = inquiry_.hurried ? times_hurried_ + 1 : 0;
    if (!inquiry_.hurried) inquiry_.effects = {};
    inquiry_.effects |= take_effects();
    if (!inquiry_.hurried || !text_.empty()) note_cause();
    is_verified_ = true;
    return inquiry_;
}

bool Suspicion::cut_off() {
    constexpr unsigned most = 20;  // of a timeout that is too short for the beginning of it
    asks_again_ = times_hurried_ < most;
    return asks_again_;
}

void Suspicion::settle() {
    if (!effects_.any()) return;
    note_cause();
    effects_ = {};
}

void Suspicion::forget() {
    effects_ = {};
    asks_again_ = false;
    if (!text_.empty()) note_cause();
    inquiry_.by.clear();
}

}  // namespace pgweir::pool
