#include "health/thresholds.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pgsteer::health {

RiseFall::RiseFall(const config::Server& server)
    : rise_(std::max(server.rise, 1U)),
      fall_(std::max(server.fall, 1U)),
      // A gap of 0 would ask without a pause.
      inter_(std::max(server.inter, milliseconds{1})),
      fast_inter_(std::max(server.fast_inter.value_or(inter_), milliseconds{1})),
      down_inter_(std::max(server.down_inter.value_or(inter_), milliseconds{1})),
      first_(server.init_state) {
    forget();
}

void RiseFall::forget() {
    using config::InitState;
    assumed_ = false;
    judged_ = first_ == InitState::up || first_ == InitState::fully_up;
    health_ = first_ == InitState::fully_up ? full() : judged_ ? rise_ : 0;
}

void RiseFall::assume(bool up) {
    settle(up);
    assumed_ = true;
}

void RiseFall::continue_from(const RiseFall& before) {
    judged_ = before.judged_;
    assumed_ = before.assumed_;
    if (before.health_ == before.full())
        health_ = full();
    else if (before.health_ >= before.rise_)
        health_ = std::min(rise_ + (before.health_ - before.rise_), full());
    else
        health_ = std::min(before.health_, rise_ - 1);
}

bool RiseFall::take(bool passed) {
    if (!judged_ && first_ == config::InitState::fully_down && passed && health_ + 1 < rise_) {
        ++health_;  // it stays unknown until there were `rise` of them
        return true;
    }
    if (!judged_ || std::exchange(assumed_, false)) {
        judged_ = true;
        health_ = passed ? full() : 0;
        return true;
    }
    const std::uint32_t before = health_;
    if (passed) {
        if (health_ < full()) ++health_;
        if (health_ >= rise_) health_ = full();
    } else {
        if (health_ > 0) --health_;
        if (health_ < rise_) health_ = 0;
    }
    return health_ != before;
}

bool RiseFall::take_error(config::Observe::Action action) {
    using Action = config::Observe::Action;
    if (!judged_ || health_ < rise_ || action == Action::fast_inter) return false;
    if (action == Action::sudden_death) health_ = std::min(health_, rise_ + 1);
    if (action == Action::mark_down) health_ = rise_;
    return take(false);
}

bool RiseFall::settle(bool up) {
    const std::uint32_t settled = up ? full() : 0;
    const bool changed = !judged_ || health_ != settled;
    judged_ = true;
    assumed_ = false;
    health_ = settled;
    return changed;
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
    if (!judged_ && health_ == 0) return "no check yet";
    if (health_ >= rise_)
        return health_ == full() ? "UP" : fmt::format("UP {}/{}", health_ - rise_ + 1, fall_);
    return health_ == 0 ? "DOWN" : fmt::format("DOWN {}/{}", health_, rise_);
}

std::string RiseFall::counted() const {
    if (health_ >= rise_) return fmt::format("{}/{} UP", health_ - rise_ + 1, fall_);
    return fmt::format("{}/{} DOWN", health_, rise_);
}

}  // namespace pgsteer::health
