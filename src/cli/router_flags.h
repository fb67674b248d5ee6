// The router's command line: HAProxy's own flags (haproxy(1)), so that unit files and habits go on
// working. CLI11 does not fit them: -db, -sf and -Ws are one flag each, not bundles of letters.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace pgsteer::cli {

struct RouterFlags {
    std::vector<std::string> files;
    bool check_only = false;    // -c
    bool daemon = false;        // -D
    bool foreground = false;    // -db, -d, -W, -Ws
    bool quiet = false;         // -q
    bool version = false;       // -v, -vv
    bool help = false;          // -h, --help
    std::string pid_file;       // -p
    std::string folder;         // -C
    std::uint32_t maxconn = 0;  // -n
    std::vector<int> finish;    // -sf: asked to finish (SIGUSR1)
    std::vector<int> end;       // -st: asked to end at once (SIGTERM)
};

Result<RouterFlags> parse_router_flags(const std::vector<std::string>& words);

}  // namespace pgsteer::cli
