// What a server says that a statement takes and gives, and what of it is compared.
#include <gmock/gmock.h>

#include <cstdint>
#include <string>
#include <vector>

#include "pool/session/statement.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {
namespace {

using namespace std::string_literals;

struct Column {
    std::string name;
    std::string table = "\0\0\0\0"s;
    std::string number = "\0\0"s;
    std::string type = "\0\0\0\x17"s;
    std::string size = "\0\4"s;
    std::string modifier = "\377\377\377\377";
    std::string format = "\0\0"s;
};

// The body of a RowDescription.
std::string row_of(const std::vector<Column>& columns) {
    std::string body{'\0', static_cast<char>(columns.size())};
    for (const Column& column : columns) {
        body += column.name + '\0' + column.table + column.number + column.type + column.size +
                column.modifier + column.format;
    }
    return body;
}

Column named(std::string name) {
    Column column;
    column.name = std::move(name);
    return column;
}

// A column "a" with one part of it changed.
Column with(std::string Column::*part, std::string value) {
    Column column = named("a");
    column.*part = std::move(value);
    return column;
}

TEST(ShapeOfRow, IsTheSameWhateverTheTablesAndTheFormats) {
    const std::string shape = shape_of_row(row_of({named("a"), named("b")}));
    EXPECT_EQ(shape, row_of({named("a"), named("b")}));
    for (const auto& [part, value] :
         {std::pair{&Column::table, "\0\1\2\3"s}, std::pair{&Column::table, "\1\1\1\1"s},
          std::pair{&Column::number, "\0\1"s}, std::pair{&Column::format, "\0\1"s}}) {
        EXPECT_EQ(shape_of_row(row_of({with(part, value), named("b")})), shape);
    }
}

TEST(ShapeOfRow, DiffersWithWhatPostgresqlCompares) {
    const std::vector<std::string> all{
        shape_of_row(row_of({})),
        shape_of_row(row_of({named("a")})),
        shape_of_row(row_of({named("A")})),
        shape_of_row(row_of({named("")})),
        shape_of_row(row_of({with(&Column::type, "\0\0\0\x19"s)})),
        shape_of_row(row_of({with(&Column::size, "\0\10"s)})),
        shape_of_row(row_of({with(&Column::modifier, "\0\0\0\10"s)})),
        shape_of_row(row_of({named("a"), named("a")})),
        shape_of_row(row_of({named("a"), named("b")})),
        shape_of_row(row_of({named("b"), named("a")}))};
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
}

// What is part of one column's origin is not taken for the end of a name.
TEST(ShapeOfRow, FindsItsWayThroughManyColumns) {
    std::vector<Column> some(100);
    std::vector<Column> others(100);
    for (std::size_t i = 0; i < some.size(); ++i) {
        some[i].name = others[i].name = std::string(i % 7, 'x');
        others[i].table = std::string(4, static_cast<char>(i));
        others[i].number = std::string{'\0', static_cast<char>(i)};
    }
    EXPECT_EQ(shape_of_row(row_of(some)), shape_of_row(row_of(others)));
    others.back().name += 'y';
    EXPECT_NE(shape_of_row(row_of(some)), shape_of_row(row_of(others)));
}

TEST(ShapeOfRow, ReadsNotBehindTheEndOfWhatIsCut) {
    const std::string whole = row_of({with(&Column::table, "\1\1\1\1"), named("bc")});
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_EQ(shape_of_row(whole.substr(0, size)).size(), size);
}

TEST(Description, OnlyWhatBothKnowCanDiffer) {
    const Description none;
    const Description statement{.parameters = "p", .row = "r"};
    const Description portal{.parameters = std::nullopt, .row = "r"};
    const Description other{.parameters = "q", .row = "s"};
    EXPECT_TRUE(statement.has_parameters_of(statement));
    EXPECT_TRUE(statement.has_row_of(statement));
    EXPECT_FALSE(statement.has_parameters_of(other));
    EXPECT_FALSE(statement.has_row_of(other));
    EXPECT_TRUE(statement.has_parameters_of(portal));
    EXPECT_TRUE(portal.has_parameters_of(statement));
    EXPECT_TRUE(portal.has_row_of(statement));
    for (const Description* known : {&statement, &portal, &other}) {
        EXPECT_TRUE(none.has_row_of(*known));
        EXPECT_TRUE(known->has_row_of(none));
        EXPECT_TRUE(known->has_parameters_of(none));
    }
    const Description no_rows{.parameters = "p", .row = ""};
    EXPECT_FALSE(no_rows.has_row_of(statement)) << "NoData is known as well";
}

}  // namespace
}  // namespace pgweir::pool
