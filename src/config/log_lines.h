// What the lines about logs of one section say, until resolve makes values of them. Within config/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log_target.h"
#include "config/location.h"

namespace pgsteer::config {

// A format is parsed when a frontend in mode tcp uses it: `defaults` may hold one for HTTP.
struct FormatLine {
    std::string keyword, text;
    Location at;
};

struct LogLines {
    bool global = false;  // `log global`
    std::vector<log::Target> targets;
    std::optional<std::string> tag;
    bool tcp = false;        // `option tcplog`, or another option in its place ...
    std::string web_option;  // ... of which this is the name
    Location web_option_at;
    std::optional<FormatLine> format, error_format, structured_data, unique_id;
};

// Of the global section.
struct GlobalLogLines {
    std::string tag = "pgsteer";
    std::uint32_t count = 0;  // `log` lines of the file so far
    bool sends_host = false;
    std::string host_name;
};

}  // namespace pgsteer::config
