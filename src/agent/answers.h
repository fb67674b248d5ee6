// What the agent says to a request, from what it knows of its node. Pure; the agent's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

// GET /watch?check=METHOD%20URI: the request whose answer the stream is to bring; "OPTIONS /" when
// none is given. Nothing for any other request.
std::optional<http::Request> watched_check(const http::Request& request);

struct EventFacts {
    std::uint64_t sequence = 0;
    milliseconds heartbeat{0};  // the next event comes within this time
};

// One server-sent event (text/event-stream): the JSON of `/status` on one line, with the sequence
// number, the heartbeat, the age of the newest answer, and what the check is answered now.
std::string watch_event(const probe::RoleState& state, const Facts& facts, const EventFacts& event,
                        const http::Request& check);

}  // namespace pgsteer::agent
