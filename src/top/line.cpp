#include "top/line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pgsteer::top {
namespace {

constexpr std::size_t least_last_width = 8;

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

struct Shape {
    std::vector<std::size_t> shown, widths;

    std::size_t total() const {
        std::size_t sum = 0;
        for (std::size_t i = 0; i + 1 < shown.size(); ++i)
            sum += widths[shown[i]] + 1;
        return sum + std::min(widths[shown.back()], least_last_width);
    }
};

Shape shape_of(const std::vector<Column>& columns, const std::vector<Cells>& rows,
               std::size_t width) {
    Shape shape;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        shape.shown.push_back(i);
        shape.widths.push_back(width_of(columns[i].title));
        for (const Cells& row : rows)
            shape.widths[i] = std::max(shape.widths[i], width_of(row[i].text));
    }
    while (shape.total() > width) {
        const auto least = std::max_element(
            shape.shown.begin(), shape.shown.end(),
            [&](std::size_t a, std::size_t b) { return columns[a].rank < columns[b].rank; });
        if (columns[*least].rank == 0) break;
        shape.shown.erase(least);
    }
    return shape;
}

std::string padded(std::string text, std::size_t width, bool right) {
    const std::string blanks(width - std::min(width, width_of(text)), ' ');
    return right ? blanks + text : text + blanks;
}

Line laid_out(const std::vector<Column>& columns, const Shape& shape, const Cells& cells,
              std::size_t width) {
    Line line;
    std::size_t used = 0;
    for (const std::size_t i : shape.shown) {
        const bool last = i == shape.shown.back();
        const std::size_t room = width - std::min(width, used);
        const std::size_t wanted = last ? room : std::min(shape.widths[i], room);
        std::string text = padded(fitted(cells[i].text, wanted), wanted, columns[i].right && !last);
        if (!last && wanted < room) text += ' ';
        used += width_of(text);
        line.spans.push_back({std::move(text), cells[i].ink});
    }
    return line;
}

}  // namespace

std::string Line::text() const {
    std::string all;
    for (const Span& span : spans)
        all += span.text;
    return all;
}

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string fitted(std::string_view text, std::size_t width) {
    if (width_of(text) <= width) return std::string(text);
    if (width == 0) return "";
    std::size_t end = 0, taken = 0;
    while (end < text.size() && (continues(text[end]) || taken < width - 1)) {
        if (!continues(text[end])) ++taken;
        ++end;
    }
    return std::string(text.substr(0, end)) + "~";
}

std::vector<Line> table(const std::vector<Column>& columns, const std::vector<Cells>& rows,
                        std::size_t width) {
    const Shape shape = shape_of(columns, rows, width);
    Cells titles;
    for (const Column& column : columns)
        titles.push_back({std::string(column.title), Ink::dim});
    std::vector<Line> lines{laid_out(columns, shape, titles, width)};
    for (const Cells& row : rows)
        lines.push_back(laid_out(columns, shape, row, width));
    return lines;
}

std::string short_number(double number) {
    constexpr std::array<const char*, 5> units{"", "K", "M", "G", "T"};
    std::size_t unit = 0;
    while (number >= 9999.5 && unit + 1 < units.size()) {
        number /= 1000;
        ++unit;
    }
    return unit > 0 && number < 99.95 ? fmt::format("{:.1f}{}", number, units[unit])
                                      : fmt::format("{:.0f}{}", number, units[unit]);
}

std::string short_time(std::int64_t seconds) {
    const std::int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
    if (days > 0) return fmt::format("{}d{:02}h", days, hours % 24);
    if (hours > 0) return fmt::format("{}h{:02}m", hours, minutes % 60);
    if (minutes > 0) return fmt::format("{}m{:02}s", minutes, seconds % 60);
    return fmt::format("{}s", seconds);
}

}  // namespace pgsteer::top
