// How many sessions the process takes, from what was asked for and from the descriptors it may
// open. Pure; the caller reads and raises the limit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pgsteer::router {

struct LimitInput {
    std::uint32_t by_flag = 0;   // -n; 0: not given
    std::uint32_t by_file = 0;   // global maxconn; 0: not given
    std::size_t listeners = 0;   // sockets that will be open beside the sessions
    std::size_t hard_limit = 0;  // of RLIMIT_NOFILE
};

struct Limits {
    std::uint32_t maxconn = 0;
    std::size_t descriptors = 0;  // needed for that many sessions
    bool chosen = false;          // by the user: falling short of it is worth an alert
};

// What to ask the system for.
Limits wanted_limits(const LimitInput& input);
// How many sessions fit when only `descriptors` may be open; at least 1.
std::uint32_t sessions_within(std::size_t descriptors, std::size_t listeners);

}  // namespace pgsteer::router
