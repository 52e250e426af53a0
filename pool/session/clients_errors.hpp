// What a client is told in the place of its server's errors.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pool/session/statement.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

/// Knows of the requests on their way to one server which name a prepared statement, so that an
/// error says the client's name for it; and which were made to fail, and with what. Requests are
/// numbered by RequestTracker::sent_in_all(). A value; lives on one worker.
class ClientsErrors {
  public:
    /// `tracker`: the server's; outlives the object.
    explicit ClientsErrors(const protocol::RequestTracker& tracker) : tracker_(tracker) {}

    /// The request that is sent next names `statement`, which the client calls `clients_name` and
    /// the server by pgweir's name for it.
    void note_name(const StatementPtr& statement, Bytes clients_name);
    /// The request of this number is made to fail: `message` takes the place of the error.
    void substitute(std::size_t request, std::string message) {
        substitutes_.emplace_back(request, std::move(message));
    }
    /// `message` goes ahead of the error if one of these requests fails; `end` is none of them.
    void precede(std::size_t begin, std::size_t end, std::string message) {
        preceding_.push_back({.begin = begin, .end = end, .message = std::move(message)});
    }

    /// What takes the place of the error that answers the request of this number; nothing: it was
    /// not made to fail.
    [[nodiscard]] std::optional<std::string> substitute_for(std::size_t failed_request);
    /// What goes ahead of the error that answers the request of this number; mostly nothing.
    [[nodiscard]] std::string preceding(std::size_t failed_request);
    /// The same error with the client's name for the statement that it names; nothing: it is not
    /// known which that is.
    [[nodiscard]] std::optional<std::string> with_clients_name(Bytes error,
                                                               std::size_t failed_request);

    /// Nothing is on its way.
    void clear() {
        if (names_.empty() && substitutes_.empty() && preceding_.empty()) return;
        names_.clear();
        substitutes_.clear();
        preceding_.clear();
    }

  private:
    struct Named {
        StatementPtr statement;
        std::string name;
        std::size_t request;
    };

    struct Preceding {
        std::size_t begin;
        std::size_t end;
        std::string message;
    };

    const protocol::RequestTracker& tracker_;
    std::deque<Named> names_;
    std::deque<std::pair<std::size_t, std::string>> substitutes_;
    std::vector<Preceding> preceding_;  ///< in order
};

/// The same error, a whole message, with `now` for its text `was`.
[[nodiscard]] std::string with_text(Bytes error, Bytes was, Bytes now);

}  // namespace pgweir::pool
