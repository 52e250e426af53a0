#include "pool/session/latest_statement.hpp"

#include "protocol/sql/sql_reader.hpp"

namespace pgweir::pool {

void LatestStatement::query(Bytes text, bool whole) {
    parsed_as_.reset();
    text_.assign(text);
    is_known_ = whole;
    ++sent_;
}

void LatestStatement::parse(Bytes text, bool whole, bool quiet) {
    parsed_as_.reset();
    text_.assign(text);
    is_known_ = whole && quiet;
}

void LatestStatement::runs(Bytes text) {
    text_.assign(text);
    is_known_ = true;
}

void LatestStatement::parse_unseen(Bytes name, Bytes text, bool whole, bool quiet) {
    parse(text, whole, quiet);
    parsed_as_ = name;
}

void LatestStatement::bind_unseen(std::optional<Bytes> name) {
    sent_ += 2;
    if (name && parsed_as_ == *name) return;
    text_.clear();
    is_known_ = false;
}

Bytes LatestStatement::shown() const {
    constexpr std::size_t longest_shown = 256;
    return protocol::without_lead_in(text_).substr(0, longest_shown);
}

void LatestStatement::forget_long_text() {
    if (text_.capacity() <= longest_kept) return;
    text_ = std::string(shown());
    is_known_ = false;
    parsed_as_.reset();
}

}  // namespace pgweir::pool
