// The project's time: one monotonic clock, durations in std::chrono. Pure code takes TimePoint as
// an argument; only loops read the clock.
#pragma once

#include <chrono>

namespace pgsteer {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using WallTime = std::chrono::system_clock::time_point;

inline constexpr TimePoint never = TimePoint::max();

// now + span without overflow: "never" stays never.
inline TimePoint after(TimePoint now, Duration span) {
    return span >= never - now ? never : now + span;
}

}  // namespace pgsteer
