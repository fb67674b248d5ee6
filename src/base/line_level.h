// LineLevel: what a rule makes of the log line of a session (`set-log-level`). A value shared by
// config/, routing/, relay/ and router/; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgsteer {

// Those of syslog in its order; as_usual: no rule said anything, silent: there is no line.
enum class LineLevel : std::uint8_t {
    as_usual,
    emerg,
    alert,
    crit,
    err,
    warning,
    notice,
    info,
    debug,
    silent,
};
inline constexpr std::array<std::string_view, 10> line_level_names{
    "", "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "silent"};

}  // namespace pgsteer
