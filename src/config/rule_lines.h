// RuleLines: a section's rules as they are read, word by word; resolve_rules makes Rules of them
// when the whole file is known, since an acl may name a section below. Part of a Proxy; control
// thread.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "config/location.h"

namespace pgsteer::config {

struct RuleLine {
    std::vector<std::string> words;  // without the keyword
    Location at;
};

struct RuleLines {
    std::vector<RuleLine> acls;
    std::vector<RuleLine> connection, session, content;  // tcp-request
    std::vector<RuleLine> backends;                      // use_backend
    std::vector<RuleLine> servers;                       // use-server
    std::vector<RuleLine> page, page_admin;              // stats http-request, stats admin
    std::vector<RuleLine> sticks;                        // stick
    milliseconds inspect_delay{0};
};

}  // namespace pgsteer::config
