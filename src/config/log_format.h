// LogFormat: a `log-format` line as values (HAProxy 2.6 manual 8.2.6; src/log.c,
// parse_logformat_string). What each variable shows is router/session_text's. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/rules.h"

namespace pgsteer::config {

enum class LogVariable : std::uint8_t {
    flags,  // %o: for those that follow
    server_bytes,
    client_bytes,
    host_name,
    unique_id,
    status,
    date_utc,
    date_local,
    date,
    time_connect,
    time_data,
    time_handshake,
    time_total,
    time_active,
    time_waiting,
    timestamp,
    milliseconds,
    all_sessions,
    frontend_sessions,
    backend_sessions,
    server_sessions,
    retries,
    server_queue,
    backend_queue,
    backend,
    frontend,
    frontend_transport,
    server,
    client_ip,
    client_port,
    frontend_ip,
    frontend_port,
    source_ip,
    source_port,
    server_ip,
    server_port,
    log_counter,
    request_counter,
    process,
    tls_cipher,
    tls_version,
    captures,       // %hr: what rules captured, as {one|two}
    captures_list,  // %hrl: the same, as words
    no_captures,    // %hs, %hsl: of what servers send nothing is kept
    termination,
    termination_cookies,
    web,  // of mode http alone
};

struct LogVariableRow {
    std::string_view name;
    LogVariable variable;
    bool at_end = false;  // its value is known when the session ends (HAProxy's LW_BYTES)
};
std::span<const LogVariableRow> log_variables();

struct LogFlags {
    bool quote = false, hex = false, escape = false;
    bool mandatory = true;  // what has no value is a dash
    friend bool operator==(const LogFlags&, const LogFlags&) = default;
};

struct LogPiece {
    enum class Kind : std::uint8_t { text, space, variable, sample };
    Kind kind = Kind::text;
    std::string text = {};  // as it is written, of a sample too
    LogVariable variable = LogVariable::flags;
    Sample sample = {};
    LogFlags flags = {};
};

struct LogFormat {
    std::vector<LogPiece> pieces;
    bool shows(std::span<const LogVariable> any_of) const;
    bool shows_end() const;  // HAProxy writes it when the session ends, others once it is connected
};

// Errors: HAProxy's.
Result<LogFormat> parse_log_format(std::string_view text);

// "option tcplog"
inline constexpr std::string_view tcp_log_format =
    "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";

}  // namespace pgsteer::config
