#include "router/limits.h"

#include <algorithm>

namespace pgsteer::router {
namespace {

constexpr std::size_t descriptors_a_session = 2;
// Probes, pages, logs, epoll and event descriptors of up to 64 workers.
constexpr std::size_t descriptors_of_the_process = 256;
// HAProxy's DEFAULT_MAXFD ("fd-hard-limit"): container hosts allow a thousand million.
constexpr std::size_t most_descriptors = 1'048'576;

}  // namespace

std::uint32_t sessions_within(std::size_t descriptors, std::size_t listeners) {
    const std::size_t beside = descriptors_of_the_process + listeners;
    const std::size_t room = descriptors > beside ? descriptors - beside : 0;
    return static_cast<std::uint32_t>(std::max<std::size_t>(room / descriptors_a_session, 1));
}

Limits wanted_limits(const LimitInput& input) {
    Limits limits;
    limits.maxconn = input.by_flag > 0 ? input.by_flag : input.by_file;
    limits.chosen = limits.maxconn > 0;
    if (!limits.chosen)
        limits.maxconn =
            sessions_within(std::min(input.hard_limit, most_descriptors), input.listeners);
    limits.descriptors = std::size_t{limits.maxconn} * descriptors_a_session +
                         descriptors_of_the_process + input.listeners;
    return limits;
}

}  // namespace pgsteer::router
