// HAProxy's units as text: times ("3s", "30m", "100" = milliseconds) and sizes ("16k", "10m").
// Pure. Source: HAProxy 2.6 configuration manual 2.5 "Time format", and standard.c
// parse_time_err / parse_size_err.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace pgsteer {

// Unit of a number that names none.
enum class BareNumber { is_milliseconds, is_seconds };

// Units us, ms, s, m, h, d. Errors: empty, not a number, unknown unit, above 2^31 - 1 ms (24 days),
// a non-zero time that rounds to 0 ms.
Result<milliseconds> parse_time(std::string_view text,
                                BareNumber unit = BareNumber::is_milliseconds);

// Bytes; units k, m, g (1024-based), either case, with an optional trailing B.
Result<std::uint64_t> parse_size(std::string_view text);

// A whole decimal number in [lowest, highest]; the error says which bound was broken.
Result<std::int64_t> parse_integer(std::string_view text, std::int64_t lowest,
                                   std::int64_t highest);

// Shortest exact form: "3s", "30m", "1500ms".
std::string format_time(milliseconds time);

}  // namespace pgsteer
