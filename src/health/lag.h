// Lag: how far a standby is behind its primary, and what is left of its share of new sessions.
// Pure; control thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "config/config.h"
#include "health/election.h"

namespace pgsteer::health {

struct Lag {
    // Behind what the primary has written, when that is known; else behind what was received.
    std::optional<std::uint64_t> bytes;
    std::optional<milliseconds> time;  // age of what was replayed last; 0: everything is
};

// Nothing is known of a primary, or of who does not tell.
Lag lag_of(const NodeState& node, const Histories& histories);

// A server's share of new sessions, in 16ths: all of it up to half of the limit, falling evenly to
// 1, and 0 beyond the limit. Steps, so that a moving lag makes few tables.
inline constexpr std::uint32_t whole_share = 16;
std::uint32_t share_of(const Lag& lag, const config::MaxLag& limit);

}  // namespace pgsteer::health
