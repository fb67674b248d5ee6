// Follows an agent's stream of changes: what an ordinary check would have been answered, told when
// it changes and at each heartbeat. Yields evidence and never throws. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "health/observation.h"
#include "probe/ask.h"

namespace pgsteer::probe {

struct StreamEnd {
    bool heard = false;  // at least one event came
    std::string why;     // "closed", "silent for 750ms", ...
};

// Runs until the stream breaks, or is silent for three of its heartbeats.
boost::asio::awaitable<StreamEnd> follow_stream(
    Target target, std::function<void(const health::Observation&)> on_event);

}  // namespace pgsteer::probe
