#include "admin/html.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>

namespace pgsteer::admin {
namespace {

// Control characters: no escaped text holds them.
constexpr char age_begins = '\x01';
constexpr char age_ends = '\x02';
constexpr std::string_view narrow_space = "\u202f";

}  // namespace

std::string escape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else if (c == '\'')
            out += "&#39;";
        else if (byte >= 0x20 && byte != 0x7f)
            out += c;
    }
    return out;
}

std::string shortened(std::string_view text, std::size_t most) {
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool starts = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
        if (starts && ++characters > most) {
            // One character gives its place to the ellipsis.
            std::size_t end = i;
            while (end > 0 && (static_cast<unsigned char>(text[--end]) & 0xc0) == 0x80) {
            }
            return std::string(text.substr(0, end)) + "…";
        }
    }
    return std::string(text);
}

std::string count_text(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) out += narrow_space;
        out += digits[i];
    }
    return out;
}

std::string bytes_text(std::uint64_t bytes) {
    constexpr std::string_view units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    constexpr double step = 1000;
    if (bytes < 1000) return fmt::format("{} B", bytes);
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= step && unit + 1 < std::size(units); ++unit)
        value /= step;
    return value < 100 ? fmt::format("{:.1f} {}", value, units[unit])
                       : fmt::format("{:.0f} {}", value, units[unit]);
}

std::string span_text(Duration span) {
    const auto ms = std::chrono::duration_cast<milliseconds>(span).count();
    if (ms < 0) return "0 s";
    if (ms < 1000) {
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(span).count();
        return us < 10'000 && us % 1000 != 0
                   ? fmt::format("{:.1f} ms", static_cast<double>(us) / 1000)
                   : fmt::format("{} ms", ms);
    }
    const auto s = ms / 1000;
    if (s < 10 && ms % 1000 != 0) return fmt::format("{:.2f} s", static_cast<double>(ms) / 1000);
    if (s < 60) return fmt::format("{} s", s);
    if (s < 600 && s % 60 != 0) return fmt::format("{} min {} s", s / 60, s % 60);
    if (s < 3600) return fmt::format("{} min", s / 60);
    if (s < 86'400) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
    return fmt::format("{} d {} h", s / 86'400, s % 86'400 / 3600);
}

std::int64_t second_of(TimePoint time) {
    return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
}

std::string age_mark(TimePoint since) {
    return fmt::format("{}{}{}", age_begins, second_of(since), age_ends);
}

std::string complete(std::string_view html, TimePoint now, Ages ages) {
    std::string out;
    out.reserve(html.size() + html.size() / 8);
    for (;;) {
        const std::size_t mark = html.find(age_begins);
        out += html.substr(0, mark);
        if (mark == std::string_view::npos) return out;
        const std::size_t end = html.find(age_ends, mark);
        const std::string_view digits = html.substr(mark + 1, end - mark - 1);
        std::int64_t second = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), second);
        fmt::format_to(
            std::back_inserter(out), "<span class=age data-t=\"{}\">{}</span>", second,
            ages == Ages::bare ? "" : span_text(seconds(std::max(second_of(now) - second, {}))));
        html.remove_prefix(end + 1);
    }
}

std::string utc_text(WallTime time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<seconds>(time));
}

}  // namespace pgsteer::admin
