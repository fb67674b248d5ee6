// ReleasePace: how fast clients that waited for a server are let go to it once there is one. A
// thousand at the same instant would overrun a server's listen backlog, and most would be told to
// try again. Pure; one per backend and worker.
#pragma once

#include <algorithm>
#include <cstdint>

#include "relay/timer_wheel.h"

namespace pgsteer::relay {

class ReleasePace {
  public:
    // At once; PostgreSQL's backlog is at least twice its max_connections (pqcomm.c), 100 by
    // default.
    static constexpr std::uint32_t burst = 100;

    // May one more go now? `rate`: a second; 0: no limit.
    bool may(std::uint32_t rate, Tick now) {
        if (rate == 0) return true;
        const auto elapsed = static_cast<std::uint64_t>(now - refilled_);
        const std::uint64_t earned = elapsed * rate / ticks_a_second;
        if (earned > 0) {
            allowance_ =
                static_cast<std::uint32_t>(std::min<std::uint64_t>(burst, allowance_ + earned));
            refilled_ = now;
        }
        return allowance_ > 0;
    }
    void went() {
        if (allowance_ > 0) --allowance_;
    }

  private:
    static constexpr std::uint32_t ticks_a_second = 1000;
    std::uint32_t allowance_ = burst;
    Tick refilled_ = 0;
};

}  // namespace pgsteer::relay
