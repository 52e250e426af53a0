// What a client is to have of what its server has said.
#pragma once

#include <list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "protocol/wire/io_vector.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// A list of pieces of a server's buffer, which is not copied, and of messages put in the place of
/// the server's. Valid until the buffer changes. Lives on one worker.
class Delivery {
  public:
    /// Bytes that stay as they are until clear().
    void add(Bytes bytes) {
        if (!pieces_.empty()) {
            iovec& last = pieces_.back();
            if (static_cast<char*>(last.iov_base) + last.iov_len == bytes.data()) {
                last.iov_len += bytes.size();
                return;
            }
        }
        pieces_.push_back(protocol::to_iovec(bytes));
    }
    /// A message of pgweir's, which is kept until clear(). Returns where; it is not added.
    [[nodiscard]] Bytes keep(std::string message) { return kept_.emplace_back(std::move(message)); }
    void add_own(std::string message) { add(keep(std::move(message))); }
    void add_own(std::vector<std::string> messages) {
        for (std::string& message : messages) add_own(std::move(message));
    }

    [[nodiscard]] bool empty() const { return pieces_.empty(); }
    /// In their order, valid until the next change.
    [[nodiscard]] std::span<iovec> pieces() { return pieces_; }
    /// All is delivered, or nobody is there to have it.
    void clear() {
        pieces_.clear();
        kept_.clear();
    }

  private:
    std::vector<iovec> pieces_;
    std::list<std::string> kept_;
};

}  // namespace pgweir::pool
