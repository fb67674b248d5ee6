#include "base/log_repeats.h"

#include <fmt/format.h>

namespace pgsteer::log {

bool Repeats::may(const std::string& kind, const Record& record, TimePoint now) {
    Seen& seen = seen_[kind];
    if (seen.written == 0) seen.since = now;
    // What was counted is told first: due() is asked soon.
    if (now - seen.since >= span && seen.counted == 0) {
        seen.since = now;
        seen.written = 0;
    }
    if (seen.written < written_at_once) {
        ++seen.written;
        return true;
    }
    ++seen.counted;
    seen.last = record;
    return false;
}

std::vector<Repeats::Summary> Repeats::due(TimePoint now) {
    std::vector<Summary> summaries;
    for (auto it = seen_.begin(); it != seen_.end();) {
        Seen& seen = it->second;
        if (now - seen.since < span) {
            ++it;
            continue;
        }
        if (seen.counted > 0) {
            seen.last.text =
                fmt::format("last message repeated {} times: {}", seen.counted, seen.last.text);
            summaries.push_back({it->first, std::move(seen.last)});
        }
        it = seen_.erase(it);
    }
    return summaries;
}

}  // namespace pgsteer::log
