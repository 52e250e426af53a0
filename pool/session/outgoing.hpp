// What is about to be written to a server: pieces of a client's buffer and of pgweir's own.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/wire/io_vector.hpp"

namespace pgweir::pool {

/// A list of pieces that go out in one write. Pieces of the client's buffer are not copied: the
/// buffer must stay as it is until all is written. Owned by a client's session.
class Outgoing {
  public:
    /// Bytes that stand in the client's buffer.
    void pass(std::string_view bytes) {
        if (bytes.empty()) return;
        size_passed_ += bytes.size();
        if (!pieces_.empty()) {
            Piece& last = pieces_.back();
            if (last.data != nullptr && last.data + last.size == bytes.data()) {
                last.size += bytes.size();
                return;
            }
        }
        pieces_.push_back({.data = bytes.data(), .size = bytes.size()});
    }

    /// Where pgweir's own messages are appended; whoever appends calls `added` with the size
    /// before.
    [[nodiscard]] std::string& own() { return own_; }
    void added(std::size_t before) {
        if (own_.size() == before) return;
        if (!pieces_.empty() && pieces_.back().data == nullptr) {
            pieces_.back().size += own_.size() - before;
        } else {
            pieces_.push_back({.data = nullptr, .size = own_.size() - before});
        }
    }

    [[nodiscard]] bool empty() const { return pieces_.empty(); }
    /// How many bytes of the client's are in it.
    [[nodiscard]] std::size_t size_passed() const { return size_passed_; }

    /// The pieces in their order, valid until the next change.
    [[nodiscard]] std::span<iovec> parts() {
        parts_.clear();
        const char* own = own_.data();
        for (const Piece& piece : pieces_) {
            parts_.push_back(
                protocol::to_iovec({piece.data != nullptr ? piece.data : own, piece.size}));
            if (piece.data == nullptr) own += piece.size;
        }
        return parts_;
    }

    /// All is written. What one large burst needed is not kept.
    void clear() {
        pieces_.clear();
        size_passed_ = 0;
        own_.clear();
        if (own_.capacity() > keep) std::string().swap(own_);  // an assignment keeps the storage
        if (parts_.capacity() > keep / sizeof(iovec)) {
            parts_ = std::vector<iovec>();
            pieces_ = std::vector<Piece>();
        }
    }

  private:
    struct Piece {
        const char* data;  ///< null: the next bytes of `own_`
        std::size_t size;
    };
    static constexpr std::size_t keep = 1024;

    std::vector<Piece> pieces_;
    std::string own_;
    std::vector<iovec> parts_;
    std::size_t size_passed_ = 0;
};

}  // namespace pgweir::pool
