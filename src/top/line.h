// What a screen is made of, before any terminal: lines of spans with an ink, and tables laid out to
// a width. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgsteer::top {

enum class Ink : std::uint8_t { plain, strong, dim, good, bad, warn, calm, bar };

struct Span {
    std::string text;
    Ink ink = Ink::plain;
};
struct Line {
    std::vector<Span> spans;
    bool selected = false;

    std::string text() const;
};

// Columns that the text takes: one a character of UTF-8.
std::size_t width_of(std::string_view text);
// Shortened to a width, with "~" in place of what is missing.
std::string fitted(std::string_view text, std::size_t width);

struct Column {
    std::string_view title;
    bool right = false;
    int rank = 0;  // where the width is short, the highest goes first; 0 always stays
};
using Cells = std::vector<Span>;

// The header first. The last column takes what is left and is shortened.
std::vector<Line> table(const std::vector<Column>& columns, const std::vector<Cells>& rows,
                        std::size_t width);

std::string short_number(double number);       // 950, 12.3K, 4.5M
std::string short_time(std::int64_t seconds);  // 59s, 12m03s, 3h12m, 2d04h

}  // namespace pgsteer::top
