// A client's messages about prepared statements, with the names that its server has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "pool/session/clients_errors.hpp"
#include "pool/session/request_writer.hpp"
#include "pool/session/statement.hpp"
#include "pool/session/statement_finder.hpp"
#include "pool/session/statement_ledger.hpp"
#include "pool/session/statements_for_sql.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/extended_query.hpp"

namespace pgweir::pool {

/// Passes Parse, Bind, Describe and Close on with the names that a server has in the place of its
/// client's, and the errors with the client's (manual, "Extended Query"; DECISIONS.md, D62 to D64).
///
/// Bytes and values: it writes through the RequestWriter that it is given and suspends nowhere.
/// One for each server, called only while there is a client. Lives on one worker.
class StatementTranslator {
  public:
    /// All of it outlives the translator.
    struct Rooms {
        StatementLedger& ledger;
        StatementsForSql& for_sql;
        StatementFinder& finder;
        ClientsErrors& errors;
    };
    explicit StatementTranslator(const Rooms& rooms) : rooms_(rooms) {}

    // Requests, in the order of their messages. `message`: all bytes of it that are here.
    /// A Parse without a name, which goes as it is.
    void parse_unnamed(const StatementPtr& statement, Bytes message, RequestWriter& requests);
    /// A Parse with a name that is free.
    void parse_named(const protocol::ParseMessage& parse, const StatementPtr& statement,
                     RequestWriter& requests);
    /// StatementFinder::find() has looked for what it names. `own`: what the client has under the
    /// name in it, or null.
    void bind(const protocol::BindHead& bind, const ClientStatement* own, Bytes message,
              RequestWriter& requests);
    /// StatementFinder::find() has looked for what it names.
    void describe(const protocol::TargetMessage& target, Bytes message, RequestWriter& requests);
    /// Returns whether the client has, by the protocol, what it closes.
    [[nodiscard]] bool close(Bytes name, RequestWriter& requests);

    /// What takes the place of the server's error; nothing: it is the client's as it is.
    [[nodiscard]] std::optional<std::string> in_place_of(const protocol::ErrorReport& report,
                                                         Bytes error, std::size_t failed_request);

    /// The lease is over.
    void forget() { bound_portal_.reset(); }

  private:
    /// The portal of the latest Bind, if its description would tell the client something new.
    struct Bound {
        std::string portal;
        std::string name;
        std::uint64_t reading = 0;
    };

    void describe_portal(Bytes portal, Bytes message, RequestWriter& requests);
    void describe_known(const ClientStatement& own, Bytes clients_name, RequestWriter& requests);

    Rooms rooms_;
    std::optional<Bound> bound_portal_;
};

}  // namespace pgweir::pool
