// A problem of a configuration file, and where in the file it is.
#pragma once

#include <compare>
#include <string>

namespace pgweir::conf {

/// A position in a text: both 1-based, the column in characters (not bytes), so that an editor
/// finds it. Line 0 stands for the file as a whole.
struct Place {
    int line = 0;
    int column = 0;
    int file =
        0;  ///< which one, where a configuration is made of several; whoever reads has a list

    friend auto operator<=>(const Place&, const Place&) = default;
};

/// One thing that is wrong with a configuration file. The message is a sentence for the operator
/// and never holds the value of a secret.
struct Problem {
    std::string file;
    int line = 0;  ///< 1-based; 0 if it is about the file as a whole (missing, a folder, too large)
    int column = 0;
    std::string message;

    /// `file:line:column: message`, or `file: message` for the file as a whole.
    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const Problem&, const Problem&) = default;
};

}  // namespace pgweir::conf
