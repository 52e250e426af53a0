// What has to wait for an earlier answer about prepared statements.
#pragma once

#include "pool/session/statement.hpp"
#include "pool/session/statement_ledger.hpp"
#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::pool {

/// An operation before an earlier Sync may fail or never be read. A request that it settles the
/// meaning of is held back until the server has answered.
///
/// Bytes and values; one for each server, called only while there is a client. Lives on one worker.
class StatementDoubts {
  public:
    /// `ledger` outlives the object.
    explicit StatementDoubts(const StatementLedger& ledger) : ledger_(ledger) {}

    /// True if the request must be held back: an operation before an earlier Sync settles what it
    /// means; or the server has to read again what it names, and its transaction may have failed.
    [[nodiscard]] bool must_hold_back(const protocol::Step& step) const;
    /// SQL that names statements, while an error may undo what the client has under its names.
    [[nodiscard]] bool concern_names_in(Bytes text) const;

  private:
    [[nodiscard]] bool concern(Bytes name) const;
    [[nodiscard]] bool may_be_read_too_late(const protocol::Step& step) const;

    const StatementLedger& ledger_;
};

}  // namespace pgweir::pool
