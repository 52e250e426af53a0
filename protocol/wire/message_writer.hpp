// What the functions that append messages share (serialize.cpp, authentication.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

inline void append_uint32(std::string& out, std::uint32_t value) {
    const std::array bytes{static_cast<char>(value >> 24U), static_cast<char>(value >> 16U),
                           static_cast<char>(value >> 8U), static_cast<char>(value)};
    out.append(bytes.data(), bytes.size());
}

/// Writes over the four bytes at `place`.
inline void write_uint32(std::string& out, std::size_t place, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) {
        out[place + i] = static_cast<char>(value >> (24U - 8U * i) & 0xffU);
    }
}

inline void append_cstring(std::string& out, std::string_view text) {
    out.append(text);
    out.push_back('\0');
}

/// Room for a length field; what is appended in its lifetime is counted, itself included.
class LengthField {
  public:
    explicit LengthField(std::string& out) : out_(out), start_(out.size()) { out_.append(4, '\0'); }
    LengthField(const LengthField&) = delete;
    LengthField& operator=(const LengthField&) = delete;
    ~LengthField() { write_uint32(out_, start_, static_cast<std::uint32_t>(out_.size() - start_)); }

  private:
    std::string& out_;
    std::size_t start_;
};

/// Writes the type and room for the length; the length is filled in when the body is complete.
class Message {
  public:
    Message(std::string& out, Backend type) : length_(typed(out, static_cast<char>(type))) {}
    Message(std::string& out, Frontend type) : length_(typed(out, static_cast<char>(type))) {}

  private:
    static std::string& typed(std::string& out, char type) {
        out.push_back(type);
        return out;
    }
    LengthField length_;
};

}  // namespace pgweir::protocol
