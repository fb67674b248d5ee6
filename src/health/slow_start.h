// SlowStart: how much of a server that came back is used (`slowstart`), in HAProxy's steps of a
// second. Pure; control thread.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace pgsteer::health {

struct Ramp {
    std::uint32_t sixteenths = 16;  // of its weight
    std::uint32_t percent = 100;    // of its limit of sessions
    friend bool operator==(const Ramp&, const Ramp&) = default;
};

// HAProxy's server_recalc_eweight (src/server.c) and srv_dynamic_maxconn (src/queue.c).
Ramp ramp_at(Duration up_for, milliseconds slow_start);

}  // namespace pgsteer::health
