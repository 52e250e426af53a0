// How conf reports an expected failure: a value, with the sentence the operator will read.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace pgweir::conf {

/// Why something was refused, without its position: whoever knows the place adds it. Never holds
/// the value of a secret.
struct Refusal {
    std::string message;
};

/// A value, or why there is none. What std::expected will be in C++23; boost::system::result, used
/// elsewhere, does not take a std::string beside an error that is made of one.
template <class T>
class [[nodiscard]] Result {
  public:
    // Both implicit: `return value;` and `return Refusal{...};` are how it is used.
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(T value) : content_{std::in_place_index<0>, std::move(value)} {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Refusal refusal) : content_{std::in_place_index<1>, std::move(refusal)} {}

    /// True if there is a value.
    explicit operator bool() const { return content_.index() == 0; }
    /// Only with a value.
    [[nodiscard]] const T& operator*() const& { return *std::get_if<0>(&content_); }
    [[nodiscard]] T&& operator*() && { return std::move(*std::get_if<0>(&content_)); }
    [[nodiscard]] const T* operator->() const { return std::get_if<0>(&content_); }
    [[nodiscard]] T* operator->() { return std::get_if<0>(&content_); }
    /// Only without a value.
    [[nodiscard]] const Refusal& error() const { return *std::get_if<1>(&content_); }

  private:
    std::variant<T, Refusal> content_;
};

}  // namespace pgweir::conf
