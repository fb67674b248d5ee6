// What the agent says to a request, from the role it knows. Pure; the agent's thread.
#pragma once

#include "base/clock.h"
#include "http/server.h"
#include "probe/role.h"

namespace pgsteer::agent {

struct Facts {
    milliseconds interval{0};  // between two questions; 0 for a one-shot check
    TimePoint now;
};

// `/`: 200 Primary, 206 Standby, 503 DB Down, as the status scripts do. The paths of Patroni's REST
// API with their meaning there, and `/status` as JSON.
http::Response answer(const probe::RoleState& state, const Facts& facts,
                      const http::Request& request);

}  // namespace pgsteer::agent
