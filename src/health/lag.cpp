#include "health/lag.h"

#include <algorithm>

namespace pgsteer::health {
namespace {

std::uint32_t share(double part_of_limit) {
    if (part_of_limit > 1) return 0;
    if (part_of_limit <= 0.5) return whole_share;
    const double left = (1 - part_of_limit) * 2 * whole_share;
    return std::max(1U, static_cast<std::uint32_t>(left));
}

}  // namespace

Lag lag_of(const NodeState& node, const Histories& histories) {
    Lag lag;
    if (node.role != Role::standby) return lag;
    lag.time = node.replay_delay;
    if (!node.lsn) return lag;
    std::optional<pgwire::Lsn> ahead = node.received;
    const auto known = histories.find(node.system);
    if (known != histories.end() && known->second.written)
        ahead = std::max(ahead.value_or(pgwire::Lsn{}), *known->second.written);
    if (ahead) lag.bytes = pgwire::bytes_behind(*ahead, *node.lsn);
    // A standby that has lost its upstream has replayed all it received and yet grows old.
    if (lag.bytes && *lag.bytes > 0 && lag.time == milliseconds(0)) lag.time.reset();
    return lag;
}

std::uint32_t share_of(const Lag& lag, const config::MaxLag& limit) {
    std::uint32_t left = whole_share;
    if (limit.bytes && lag.bytes)
        left = std::min(left, share(static_cast<double>(*lag.bytes) /
                                    static_cast<double>(std::max<std::uint64_t>(*limit.bytes, 1))));
    if (limit.time && lag.time)
        left = std::min(left,
                        share(static_cast<double>(lag.time->count()) /
                              static_cast<double>(std::max<std::int64_t>(limit.time->count(), 1))));
    return left;
}

}  // namespace pgsteer::health
