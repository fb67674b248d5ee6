// The text of an agent's stream: server-sent events (HTML standard, 9.2) that hold our agent's
// JSON. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "health/observation.h"

namespace pgsteer::probe {

// Puts events together from what comes in pieces. Unfinished events are bounded.
class EventReader {
  public:
    // The data of each event that is complete now; nothing when the other side sends what no event
    // is, or one of more than most_event_bytes.
    std::optional<std::vector<std::string>> take(std::string_view piece);

  private:
    std::string rest_;
};

// Our agent's events are below 1 kB.
inline constexpr std::size_t most_event_bytes = 64 * 1024;

struct WatchEvent {
    health::HttpAnswer answer;  // to the check that is watched, with the node's vote
    milliseconds heartbeat{0};  // the next event comes within this time; 1 ms .. 1 min
    std::uint64_t sequence = 0;
};

std::optional<WatchEvent> read_event(std::string_view data);

}  // namespace pgsteer::probe
