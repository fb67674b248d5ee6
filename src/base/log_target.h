// Target: one `log` line of the configuration, where lines go and in which form. Values; made by
// config/, opened by base/log_outlet. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"

namespace pgsteer::log {

// syslog's severities, as numbers (RFC 3164 4.1.1).
enum class Level : std::uint8_t { emerg, alert, crit, err, warning, notice, info, debug };
std::string_view word(Level level);  // HAProxy's: "err", "warning" ...

// HAProxy's forms (manual, "log"), and one of our own: an object of JSON a line.
enum class Format : std::uint8_t {
    local,
    rfc3164,
    rfc5424,
    priority,
    brief,  // `short`
    timed,
    iso,
    raw,
    json,
};

// `sample`: of each `size` lines those whose numbers are in a range. Size 0: all.
struct LogSample {
    struct Range {
        std::uint32_t first = 1, last = 1;
        friend bool operator==(const Range&, const Range&) = default;
    };
    std::vector<Range> ranges;
    std::uint32_t size = 0;
    std::uint32_t line = 0;  // of which `log` line: proxies that share it count together
    friend bool operator==(const LogSample&, const LogSample&) = default;
};

struct Target {
    enum class Kind : std::uint8_t { udp, unix_socket, descriptor, journal };
    Kind kind = Kind::udp;
    std::string host;  // udp: a literal or a name, which is resolved once, at start
    Port port{514};
    int family = 0;       // udp4@, udp6@: AF_INET, AF_INET6
    Address local;        // unix_socket
    int descriptor = -1;  // descriptor
    std::optional<Format> format;
    std::uint8_t facility = 16;  // 16 = local0 ... 23 = local7
    Level most = Level::debug;   // lines less urgent than this are dropped
    Level least = Level::emerg;  // lines more urgent than this are sent as this
    std::size_t length = 1024;   // HAProxy's default `len`; RFC 3164 4.1
    LogSample sample;
    std::string tag = "pgsteer";
    bool sends_host = false;  // `log-send-hostname`
    std::string host_name;    // what it says; empty: the machine's

    // As the file may have it: "127.0.0.1:514", "/dev/log", "stdout", "journald".
    std::string place() const;
    Format form() const { return format.value_or(sends_host ? Format::rfc3164 : Format::local); }
    // Does it want a line's fields rather than its text?
    bool is_structured() const { return kind == Kind::journal || format == Format::json; }
    friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace pgsteer::log
