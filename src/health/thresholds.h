// RiseFall: HAProxy's counter between a server's single checks and its verdict
// (check_notify_success and check_notify_failure in src/check.c), with one difference: before the
// first check nothing is known, and that check decides at once either way. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "config/config.h"

namespace pgsteer::health {

enum class Verdict : std::uint8_t { never_judged, up, down };

class RiseFall {
  public:
    explicit RiseFall(const config::Server& server);

    // Answers whether the counter moved.
    bool take(bool passed);
    // Sessions said so, not a check (`on-error`); as HAProxy's __health_adjust. Answers whether the
    // counter moved.
    bool take_error(config::Observe::Action action);
    // Counts nothing: who says so watches the server all the time. Answers whether it changed.
    bool settle(bool up);
    // It was so before the start: that stands until the next check, which decides at once.
    void assume(bool up);
    // The same server with other numbers: the verdict stays, and what was counted as far as it
    // fits.
    void continue_from(const RiseFall& before);
    // Nothing is known any more: the next check decides at once (`init-state up`: it is up).
    void forget();
    std::uint32_t rise() const { return rise_; }
    std::uint32_t fall() const { return fall_; }
    std::uint32_t health() const { return health_; }
    Verdict verdict() const;
    // Until the next check: inter when settled UP, downinter when settled DOWN, fastinter between.
    milliseconds interval() const;
    milliseconds fast_interval() const { return fast_inter_; }
    // HAProxy's words on its stats page: "UP", "UP 1/3", "DOWN", "DOWN 1/2"; "no check yet".
    std::string text() const;
    // HAProxy's words in the log of a check: "3/3 UP", "1/2 DOWN".
    std::string counted() const;

  private:
    std::uint32_t full() const { return rise_ + fall_ - 1; }

    std::uint32_t rise_;
    std::uint32_t fall_;
    milliseconds inter_;
    milliseconds fast_inter_;
    milliseconds down_inter_;
    config::InitState first_;
    bool judged_ = false;
    bool assumed_ = false;
    std::uint32_t health_ = 0;  // [0, rise): down; [rise, rise + fall - 1]: up
};

}  // namespace pgsteer::health
