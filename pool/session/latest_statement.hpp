// What a client asked last, as far as its text is known.
#pragma once

#include <optional>
#include <string>

#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// The text of the statement that a client sent last, for whoever looks at the server, and for
/// command tags of which only the text tells what they mean. Kept whole until all is answered.
///
/// A value; one for each server, for the client that has it. Lives on one worker.
class LatestStatement {
  public:
    // What the client sends.
    /// The server is quiet: what is sent from now on is counted anew.
    void begin() { sent_ = 0; }
    /// `whole`: all of the text is here.
    void query(Bytes text, bool whole);
    /// A Parse. What is read now may never run: its text counts as known only where nothing else is
    /// under way (`quiet`).
    void parse(Bytes text, bool whole, bool quiet);
    /// A Bind of a statement whose text is known: it runs.
    void runs(Bytes text);
    /// A Bind; runs() or runs_unknown() follows.
    void bind() { ++sent_; }
    /// A Bind of a statement whose text is not known.
    void runs_unknown() { is_known_ = false; }

    // In session pooling statements are not looked up by their names.
    /// As parse(); only the server knows the texts of statements that were prepared before.
    void parse_unseen(Bytes name, Bytes text, bool whole, bool quiet);
    /// A Bind of the statement of this name; nothing where the message makes no sense.
    void bind_unseen(std::optional<Bytes> name);

    // What is known.
    /// Whole where is_known(); else its beginning, or empty.
    [[nodiscard]] const std::string& text() const { return text_; }
    /// It is the whole text of what runs.
    [[nodiscard]] bool is_known() const { return is_known_; }
    /// One statement was sent since begin(), and it was seen.
    [[nodiscard]] bool is_alone() const { return sent_ == 1; }
    /// The statement for whoever looks: without what stands before it, cut. Valid until the next
    /// change.
    [[nodiscard]] Bytes shown() const;

    /// All is answered. Texts may be long, and servers are many.
    void forget_long_text();

    /// No text is longer than this when nothing is under way.
    static constexpr std::size_t longest_kept = 4096;

  private:
    std::string text_;
    bool is_known_ = false;
    std::optional<std::string> parsed_as_;  ///< the name of the statement that the text is of
    /// A Bind whose text is not looked up counts 2, so that 1 means: one, whose text was seen.
    unsigned sent_ = 0;
};

}  // namespace pgweir::pool
