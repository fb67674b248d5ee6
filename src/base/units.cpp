#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace pgsteer {
namespace {

// HAProxy keeps times as a signed 32-bit count of milliseconds.
constexpr std::int64_t longest_time_ms = std::numeric_limits<std::int32_t>::max();

struct NumberAndRest {
    std::int64_t number = 0;
    std::string_view rest;
};

Result<NumberAndRest> split_number(std::string_view text) {
    if (text.empty()) return Error{"is empty, a number was expected"};
    NumberAndRest split;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), split.number);
    if (code == std::errc::result_out_of_range)
        return Error{fmt::format("'{}' is too large a number", text)};
    if (code != std::errc{} || text.front() == '-')
        return Error{fmt::format("'{}' does not start with a number", text)};
    split.rest = text.substr(static_cast<std::size_t>(end - text.data()));
    return split;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

Result<milliseconds> checked_time(std::string_view text, std::int64_t number,
                                  std::int64_t us_per_unit) {
    constexpr std::int64_t us_per_ms = 1000;
    if (number > longest_time_ms * us_per_ms / us_per_unit)
        return Error{fmt::format("'{}' is too long a time (at most 24 days)", text)};
    const std::int64_t us = number * us_per_unit;
    const std::int64_t ms = (us + us_per_ms - 1) / us_per_ms;
    return milliseconds(ms);
}

}  // namespace

Result<milliseconds> parse_time(std::string_view text, BareNumber unit) {
    const auto split = split_number(text);
    if (!split) return split.error();
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> units{
        {{"us", 1},
         {"ms", 1'000},
         {"s", 1'000'000},
         {"m", 60'000'000},
         {"h", 3'600'000'000},
         {"d", 86'400'000'000}}};
    if (split->rest.empty()) {
        return checked_time(text, split->number,
                            unit == BareNumber::is_milliseconds ? 1'000 : 1'000'000);
    }
    for (const auto& [name, us] : units)
        if (split->rest == name) return checked_time(text, split->number, us);
    return Error{fmt::format("'{}' has the unknown unit '{}' (known: us, ms, s, m, h, d)", text,
                             split->rest)};
}

Result<std::uint64_t> parse_size(std::string_view text) {
    const auto split = split_number(text);
    if (!split) return split.error();
    std::string_view rest = split->rest;
    if (rest.size() == 2 && lower(rest[1]) == 'b') rest.remove_suffix(1);
    unsigned shift = 0;
    if (!rest.empty()) {
        if (rest.size() != 1 || std::string_view("kmgb").find(lower(rest[0])) == rest.npos)
            return Error{
                fmt::format("'{}' has the unknown unit '{}' (known: k, m, g)", text, split->rest)};
        if (lower(rest[0]) == 'k') shift = 10;
        if (lower(rest[0]) == 'm') shift = 20;
        if (lower(rest[0]) == 'g') shift = 30;
    }
    const auto number = static_cast<std::uint64_t>(split->number);
    if (number > (std::numeric_limits<std::uint64_t>::max() >> 1 >> shift))
        return Error{fmt::format("'{}' is too large a size", text)};
    return number << shift;
}

Result<std::int64_t> parse_integer(std::string_view text, std::int64_t lowest,
                                   std::int64_t highest) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, number);
    if (code == std::errc{} && stop == end && number >= lowest && number <= highest) return number;
    if ((code == std::errc{} && stop == end) || code == std::errc::result_out_of_range)
        return Error{fmt::format("'{}' is out of range ({} to {})", text, lowest, highest)};
    return Error{fmt::format("'{}' is not a whole number", text)};
}

std::string format_time(milliseconds time) {
    const auto ms = time.count();
    constexpr std::array<std::pair<std::int64_t, std::string_view>, 4> units{
        {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}}};
    if (ms != 0)
        for (const auto& [size, name] : units)
            if (ms % size == 0) return fmt::format("{}{}", ms / size, name);
    return fmt::format("{}ms", ms);
}

}  // namespace pgsteer
