// An extended query on its way, kept until it is answered so that it can be asked once more.
#pragma once

#include <sys/uio.h>

#include <span>
#include <string>
#include <vector>

#include "pool/statement.hpp"
#include "protocol/messages.hpp"
#include "protocol/request_tracker.hpp"

namespace pgweir::pool {

/// What a tenant asks from a point where its server was quiet up to the next such point. A plan
/// that a change of a table has made stale fails before anything is executed: then the same can be
/// asked again, if it was one extended query of its own and its client has seen nothing of an
/// answer.
class Burst {
  public:
    struct Message {
        protocol::Frontend type;
        protocol::Origin origin;
        bool has_operation;
    };
    /// A statement, with the client's name for it, that a request names.
    struct Named {
        StatementPtr statement;
        std::string name;
        std::size_t request;  ///< by the count of RequestTracker::sent_in_all()
    };

    /// A new one begins. `alone`: no transaction is open.
    void begin(bool alone) {
        messages_.clear();
        operations_.clear();
        statements_.clear();
        bytes_.clear();
        skipped_ = 0;
        answered_ = 0;
        repeatable_ = alone;
        ended_ = false;
        shows_shape_ = false;
    }
    /// pgweir's own bytes, which stand before the first message, are not part of it.
    void skip(std::size_t size) { skipped_ = size; }

    void add(protocol::Frontend type, protocol::Origin origin) {
        // Only Parse, Bind, Describe, Execute, Close and a last Sync make a query that can be
        // repeated.
        using protocol::Frontend;
        const bool extended = type == Frontend::parse || type == Frontend::bind ||
                              type == Frontend::describe || type == Frontend::execute ||
                              type == Frontend::close || type == Frontend::sync;
        if (!extended || ended_ || origin == protocol::Origin::pool) repeatable_ = false;
        ended_ = ended_ || type == Frontend::sync;
        if (type == Frontend::describe) shows_shape_ = true;
        if (repeatable_) messages_.push_back({type, origin, false});
    }
    void add(protocol::Frontend type, protocol::Origin origin,
             const StatementOperation& operation) {
        using OnServer = StatementOperation::OnServer;
        // What is prepared or closed is so also where the query fails.
        const bool lasting =
            operation.on_server == OnServer::prepares || operation.on_server == OnServer::closes;
        if (lasting) repeatable_ = false;
        if (operation.stands_for_parse) shows_shape_ = true;
        add(type, origin);
        if (!repeatable_) return;
        messages_.back().has_operation = true;
        operations_.push_back(operation);
    }
    /// The next request names this statement, which the server has by pgweir's name for it.
    void names(const StatementPtr& statement, Bytes clients_name, std::size_t request) {
        statements_.push_back({statement, std::string(clients_name), request});
    }

    /// What is about to be written: the whole of it, or it is not repeatable.
    void written(std::span<const iovec> parts) {
        if (!repeatable_ || statements_.empty()) return;
        if (!ended_ || !bytes_.empty()) {
            repeatable_ = false;
            return;
        }
        for (const iovec& part : parts) {
            bytes_.append(static_cast<const char*>(part.iov_base), part.iov_len);
        }
        bytes_.erase(0, skipped_);
    }

    /// The client was given an answer. `harmless`: one that it can be spared when it comes again.
    void answered(bool harmless) {
        ++answered_;
        if (!harmless) repeatable_ = false;
    }

    /// It can be asked again: nothing of it was executed, and the client learns of what it gets in
    /// the same answer, so that rows of another shape do not surprise it.
    [[nodiscard]] bool repeatable() const {
        return repeatable_ && ended_ && shows_shape_ && !bytes_.empty();
    }
    /// Not twice.
    void repeated() { repeatable_ = false; }

    [[nodiscard]] const std::vector<Named>& statements() const { return statements_; }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] const std::vector<Message>& messages() const { return messages_; }
    [[nodiscard]] const std::vector<StatementOperation>& operations() const { return operations_; }
    /// How many of its messages, from the first, the client has an answer to.
    [[nodiscard]] std::size_t answered() const { return answered_; }

  private:
    std::string bytes_;
    std::vector<Message> messages_;
    std::vector<StatementOperation> operations_;  ///< of those that have one
    std::vector<Named> statements_;
    std::size_t skipped_ = 0;
    std::size_t answered_ = 0;
    bool repeatable_ = false;
    bool ended_ = false;        ///< by a Sync
    bool shows_shape_ = false;  ///< its answer describes its rows
};

}  // namespace pgweir::pool
