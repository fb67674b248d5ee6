#include "routing/limit.h"

#include <algorithm>

namespace pgsteer::routing {

std::uint32_t limit_at(const ServerRow& row, std::uint32_t load) {
    if (row.limit == unlimited) return unlimited;
    std::uint64_t limit = row.limit;
    const Pace& pace = row.pace;
    if (pace.least > 0 && pace.least < row.limit && load < pace.full)
        limit = std::max<std::uint64_t>(pace.least, std::uint64_t{load} * row.limit / pace.full);
    if (pace.percent < 100) limit = std::max<std::uint64_t>(1, limit * pace.percent / 100);
    return static_cast<std::uint32_t>(limit);
}

std::uint32_t limit_now(const ServerRow& row) {
    return limit_at(row, row.pace.backend ? row.pace.backend->slots.taken() : 0);
}

}  // namespace pgsteer::routing
