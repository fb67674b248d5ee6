// What the log says about checks and servers, in HAProxy's words (srv_append_status in
// src/server.c, set_server_check_status in src/check.c), so that a site's log watchers go on
// working. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "health/server_state.h"

namespace pgsteer::health {

struct ProxyCount {
    unsigned active = 0;         // servers of the proxy that accept sessions
    unsigned backup = 0;         // the same, backup servers
    bool any_unjudged = false;   // one may still turn out fit
    std::uint32_t sessions = 0;  // of the server
    std::uint64_t waiting = 0;   // clients of the proxy without a server
};

// "Server ReadWrite/pg0 is DOWN, reason: Layer7 wrong status, code: 503, ...". The reason is that
// of the server's decision.
std::string state_line(const ServerState& server, bool up, const ProxyCount& count);
// The same without what differs each time: counts and durations.
std::string state_gist(const ServerState& server, bool up);
// "Health check for server ReadWrite/pg0 failed, reason: ..., status: 2/3 UP."
std::string check_line(const ServerState& server);
// "Agent check for server ReadWrite/pg0 failed, reason: ..., status: 0/1 DOWN."
std::string agent_line(const ServerState& server);
// "Server ReadWrite/pg0: nobody answers its checks (Layer4 connection problem, ...), but PostgreSQL
// ..."
std::string vouched_line(const ServerState& server, const Judgement& failed);
// "proxy ReadWrite has no server available!"
std::string no_server_line(const config::Backend& backend);

}  // namespace pgsteer::health
