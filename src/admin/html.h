// Text for the page: what is escaped, how numbers and times read. Ages ("12 s ago") change by
// themselves, so what is rendered holds a mark in their place, and the same text can be compared,
// sent and completed. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace pgsteer::admin {

// For elements and attributes; control characters are left out.
std::string escape(std::string_view text);
// Cut to that many characters, with an ellipsis.
std::string shortened(std::string_view text, std::size_t most);

std::string count_text(std::uint64_t number);  // "1 234 567", with narrow spaces
std::string bytes_text(std::uint64_t bytes);   // "12.3 MB"
std::string span_text(Duration span);          // "820 ms", "1.21 s", "3 min", "2 h 5 min", "4 d"

// The mark of an age; complete() makes an element of each.
std::string age_mark(TimePoint since);
// With words, or without for who counts by himself (the page's script).
enum class Ages : std::uint8_t { in_words, bare };
std::string complete(std::string_view html, TimePoint now, Ages ages);
// Of the clock that ages are told by.
std::int64_t second_of(TimePoint time);

// "2026-11-26T23:41:07Z"
std::string utc_text(WallTime time);

}  // namespace pgsteer::admin
