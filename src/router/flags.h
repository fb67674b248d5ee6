// The router's command line: HAProxy's own flags (haproxy(1)), so that unit files and habits go on
// working. Parsed by hand: CLI11 reads -db as a bundle of -d and -b, and -sf takes a list of PIDs
// up to the next flag. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace pgsteer::router {

struct Flags {
    std::vector<std::string> files;        // -f, and all words after --
    bool check_only = false;               // -c
    std::optional<std::string> condition;  // -cc
    bool json = false;                     // --json, with -c
    std::string local_peer;                // -L
    bool diagnosing = false;               // -dD
    bool daemon = false;                   // -D
    bool foreground = false;               // -db, -d, -Ws: whatever the file says
    bool quiet = false;                    // -q; taken back by -V and -d
    bool version = false;                  // -v, -vv
    bool help = false;                     // -h
    std::string pid_file;                  // -p
    std::string folder;                    // -C
    std::uint32_t maxconn = 0;             // -n
    bool master = false;                   // -W, -Ws
    std::vector<std::string> master_cli;   // -S: ADDRESS[,OPTION...]
    std::string handing_over;              // -x: stats socket of who has the listening sockets now
    std::vector<int> finish;               // -sf: asked to finish (SIGUSR1)
    std::vector<int> end;                  // -st: asked to end at once (SIGTERM)
    // Known to haproxy, without effect here: said once at start.
    std::vector<std::string> without_effect;

    bool replaces_another() const { return !finish.empty() || !end.empty(); }
};

// The same words but for those about the process that is replaced (-sf, -st, -x): what the workers
// after the first are started with.
std::vector<std::string> without_replacing(const std::vector<std::string>& words);

// `words` are the arguments without the program's name.
Result<Flags> parse_flags(const std::vector<std::string>& words);

}  // namespace pgsteer::router
