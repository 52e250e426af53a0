// Client's names for prepared statements that are on the server for SQL.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <string>
#include <vector>

#include "pool/session/statement.hpp"

namespace pgweir::pool {

/// EXECUTE and DEALLOCATE look for a statement by the client's own name, under which a server has
/// none of its statements. So it is put there, and goes again with the next question about the
/// session. A value; lives on one worker.
class ShownNames {
  public:
    /// pgweir puts something under this name; `stands_for`: it is the client's own statement, so
    /// that its absence later means that SQL has dropped it.
    void shown(Bytes name);
    void stands_for(Bytes name) { materialised_.emplace(name); }
    /// What was sent in order to have it there never came to pass.
    void not_shown(Bytes name);
    /// The client has closed what it has under this name.
    void closed(Bytes name) { not_shown(name); }

    /// pgweir has put something under this name since the last question.
    [[nodiscard]] bool contains(Bytes name) const { return shown_.contains(name); }

    /// SQL has dropped one statement. The client's, if only one can be meant.
    void one_dropped(ClientStatements& clients);
    /// SQL has dropped all.
    void all_dropped();
    /// The server tells which names of clients it has. Returns whether one of them is neither the
    /// client's by the protocol nor pgweir's: SQL has prepared it.
    [[nodiscard]] bool found(std::vector<std::string> names, ClientStatements& clients);

    [[nodiscard]] bool has_to_close() const { return !to_close_.empty(); }
    /// Names that are to be closed on the server: what is there is needed no more.
    [[nodiscard]] std::vector<std::string> take_to_close();

    /// The session that was here is over.
    void clear();

  private:
    // One text may show thousands.
    using Names = boost::unordered_flat_set<std::string, TextHash, std::equal_to<>>;

    Names materialised_;  ///< the client's statements that are there
    Names shown_;         ///< all that pgweir has put there since the last question
    std::vector<std::string> to_close_;
};

}  // namespace pgweir::pool
