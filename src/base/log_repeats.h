// Repeats: keeps one kind of line about one thing from flooding the log. The first lines of a kind
// are always written, at once; what comes on top of them within the time is counted and told in one
// line at its end. Pure: time is an argument. Control thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log_frame.h"

namespace pgsteer::log {

class Repeats {
  public:
    static constexpr std::uint32_t written_at_once = 5;
    static constexpr seconds span{10};

    // `kind`: what it is about, and what it says without what differs each time. False: it is
    // counted.
    bool may(const std::string& kind, const Record& record, TimePoint now);

    struct Summary {
        std::string kind;
        Record record;  // the last that was counted, its text behind "last message repeated ..."
    };
    std::vector<Summary> due(TimePoint now);

  private:
    struct Seen {
        TimePoint since{};
        std::uint32_t written = 0;
        std::uint32_t counted = 0;
        Record last;
    };
    std::map<std::string, Seen> seen_;
};

}  // namespace pgsteer::log
