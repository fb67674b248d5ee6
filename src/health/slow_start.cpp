#include "health/slow_start.h"

namespace pgsteer::health {

Ramp ramp_at(Duration up_for, milliseconds slow_start) {
    const auto whole = std::chrono::ceil<seconds>(slow_start).count();
    const auto passed = std::chrono::floor<seconds>(up_for).count();
    if (passed < 0 || passed >= whole) return {};
    return {static_cast<std::uint32_t>((16 * passed + whole) / whole),
            static_cast<std::uint32_t>(100 * passed / whole)};
}

}  // namespace pgsteer::health
