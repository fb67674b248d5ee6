// The program's logger: the only global. Lines go to stderr (unless quiet) and to the sinks added
// with `log` lines (syslog over udp or a unix socket, RFC 3164, as HAProxy sends them).
// Thread-safe; writing blocks on stderr only. Call from the control plane, never from the relay.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace pgsteer::log {

// syslog's severities, as numbers (RFC 3164 4.1.1).
enum class Level : std::uint8_t { emerg, alert, crit, err, warning, notice, info, debug };

// One `log` target of the configuration.
struct Target {
    enum class Kind { syslog, standard_output, standard_error };
    Kind kind = Kind::syslog;
    Address address;             // udp or unix datagram, for syslog
    std::uint8_t facility = 16;  // 16 = local0 ... 23 = local7 (RFC 3164)
    Level most = Level::debug;   // lines less urgent than this are dropped
    std::string tag = "pgsteer";
};

// Replaces all targets. Errors: a socket cannot be made (the target's address is named).
Result<void> set_targets(const std::vector<Target>& targets);
// Lines to stderr less urgent than this are dropped; `none` silences stderr (-q, daemon).
void set_stderr_level(Level most);
void silence_stderr();

void write(Level level, std::string_view line);
// Session lines: to the targets, and to stderr only while it is a log target of its own or
// traffic_to_stderr(true) was said (foreground without `log` lines).
void write_traffic(std::string_view line);
void traffic_to_stderr(bool on);

template <class... Args>
void alert(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::alert, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::err, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void notice(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::notice, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace pgsteer::log
