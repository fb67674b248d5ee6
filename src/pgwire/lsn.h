// Lsn and Timeline: where in which history of PostgreSQL's write-ahead log. Pure values.
// Source: PostgreSQL 15 manual, 8.20 pg_lsn: two hexadecimal numbers of up to 8 digits,
// "16/B374D848".
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgsteer::pgwire {

// A promotion begins the next one; 1 is the first.
enum class Timeline : std::uint32_t {};

// Which cluster: chosen by initdb, kept by all copies (pg_control_system().system_identifier).
enum class SystemId : std::uint64_t {};

// A position in the log, in bytes.
struct Lsn {
    std::uint64_t position = 0;
    friend auto operator<=>(const Lsn&, const Lsn&) = default;
    std::string text() const;
};

std::optional<Lsn> parse_lsn(std::string_view text);

// How far `behind` is behind `ahead`; 0 when it is not.
inline std::uint64_t bytes_behind(Lsn ahead, Lsn behind) {
    return ahead.position > behind.position ? ahead.position - behind.position : 0;
}

}  // namespace pgsteer::pgwire
