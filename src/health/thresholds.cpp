#include "health/thresholds.h"

#include <fmt/format.h>

#include <algorithm>

namespace pgsteer::health {

RiseFall::RiseFall(const config::Server& server)
    : rise_(std::max(server.rise, 1U)),
      fall_(std::max(server.fall, 1U)),
      inter_(server.inter),
      fast_inter_(server.fast_inter.value_or(server.inter)),
      down_inter_(server.down_inter.value_or(server.inter)),
      judged_(server.init_state == config::InitState::up),
      health_(judged_ ? rise_ : 0) {}

void RiseFall::take(bool passed) {
    if (!judged_) {
        judged_ = true;
        health_ = passed ? full() : 0;
    } else if (passed) {
        if (health_ < full()) ++health_;
        if (health_ >= rise_) health_ = full();
    } else {
        if (health_ > 0) --health_;
        if (health_ < rise_) health_ = 0;
    }
}

Verdict RiseFall::verdict() const {
    if (!judged_) return Verdict::never_judged;
    return health_ >= rise_ ? Verdict::up : Verdict::down;
}

milliseconds RiseFall::interval() const {
    if (health_ == full()) return inter_;
    return health_ == 0 ? down_inter_ : fast_inter_;
}

std::string RiseFall::text() const {
    if (!judged_) return "no check yet";
    if (health_ >= rise_)
        return health_ == full() ? "UP" : fmt::format("UP {}/{}", health_ - rise_ + 1, fall_);
    return health_ == 0 ? "DOWN" : fmt::format("DOWN {}/{}", health_, rise_);
}

}  // namespace pgsteer::health
