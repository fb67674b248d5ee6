// Events: what happened to the cluster and what operators did, for `show events` and the page.
// Owned by router/control; control thread.
#pragma once

#include <deque>
#include <string>
#include <utility>

#include "base/clock.h"

namespace pgsteer::admin {

// Newest last.
class Events {
  public:
    static constexpr std::size_t most = 256;
    struct Event {
        WallTime at;
        std::string text;
    };
    void add(std::string text) {
        if (events_.size() == most) events_.pop_front();
        events_.push_back({std::chrono::system_clock::now(), std::move(text)});
    }
    const std::deque<Event>& all() const { return events_; }

  private:
    std::deque<Event> events_;
};

}  // namespace pgsteer::admin
