// SessionLog: what a frontend's log says of its sessions. A value of the Config.
#pragma once

#include <optional>

#include "base/shared_value.h"
#include "config/log_format.h"

namespace pgsteer::config {

struct SessionLog {
    // connect: "Connect from ..." when a client comes, HAProxy's form where the file asks for none.
    enum class Style : std::uint8_t { connect, tcp, custom };
    Style style = Style::connect;
    // Most frontends have those of their `defaults`.
    Shared<LogFormat> format;                          // of tcp and custom
    std::optional<Shared<LogFormat>> error_format;     // error-log-format
    std::optional<Shared<LogFormat>> structured_data;  // log-format-sd
    bool empty_sessions = true;                        // false: option dontlognull
    bool normal_sessions = true;                       // false: option dontlog-normal
    bool separate_errors = false;                      // option log-separate-errors
    bool as_soon_as_possible = false;                  // option logasap
};

}  // namespace pgsteer::config
