// Manual pages, in the language of man(7), from the same texts as the other documents.
#pragma once

#include <string>
#include <string_view>

namespace pgweir::conf {

/// A manual page under way: each call adds to its end. Texts may have `code` in backticks, which
/// becomes bold; everything else stands as it is.
class ManualPage {
  public:
    /// `sentence` is what whatis(1) shows, without a full stop.
    ManualPage(std::string_view name, int section, std::string_view version,
               std::string_view sentence);

    void heading(std::string_view text);
    void paragraph(std::string_view text);
    /// An entry of a list: what it is about, and below that what is to be said.
    void item(std::string_view tag, std::string_view text);
    /// Lines that are shown as they are.
    void listing(std::string_view text);
    /// Markdown as the reference has it: headings, paragraphs, lists with dashes.
    void markdown(std::string_view text);

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    void bullet(std::string_view text);

    std::string text_;
};

}  // namespace pgweir::conf
