#include "routing/ring.h"

#include <algorithm>

namespace pgsteer::routing {
namespace {

// SRV_EWGHT_RANGE of HAProxy: a server has at most so many places.
constexpr std::uint32_t most_places = 4096;
// A ring is searched in memory for each client and built for each table; thousands of heavy servers
// get fewer places each.
constexpr std::uint64_t longest_ring = 1U << 20;

}  // namespace

std::uint32_t full_hash(std::uint32_t value) {
    value = (value + 0x7ed55d16U) + (value << 12);
    value = (value ^ 0xc761c23cU) ^ (value >> 19);
    value = (value + 0x165667b1U) + (value << 5);
    value = (value + 0xd3a2646cU) ^ (value << 9);
    value = (value + 0xfd7046c5U) + (value << 3);
    value = (value ^ 0xb55a4f09U) ^ (value >> 16);
    return value * 3221225473U;
}

Ring make_ring(const std::vector<RingServer>& servers) {
    std::uint64_t total = 0;
    for (const RingServer& server : servers)
        total += std::min(server.places, most_places);
    const std::uint64_t divisor = total / longest_ring + 1;
    Ring ring;
    ring.reserve(static_cast<std::size_t>(total / divisor + servers.size()));
    for (const RingServer& server : servers) {
        if (server.places == 0) continue;
        const std::uint64_t wanted = std::min(server.places, most_places) / divisor;
        const auto places = static_cast<std::uint32_t>(std::max<std::uint64_t>(wanted, 1));
        for (std::uint32_t i = 0; i < places; ++i)
            ring.push_back({full_hash(server.number * most_places + i), server.server});
    }
    std::stable_sort(ring.begin(), ring.end(),
                     [](const RingPlace& a, const RingPlace& b) { return a.at < b.at; });
    return ring;
}

std::size_t nearest(const Ring& ring, std::uint32_t hash) {
    const auto found = std::lower_bound(
        ring.begin(), ring.end(), hash,
        [](const RingPlace& place, std::uint32_t value) { return place.at < value; });
    const std::size_t size = ring.size();
    const std::size_t next = static_cast<std::size_t>(found - ring.begin()) % size;
    const std::size_t previous = (next + size - 1) % size;
    // Round the ring: the differences are those of 32-bit numbers.
    const std::uint32_t back = hash - ring[previous].at;
    const std::uint32_t on = ring[next].at - hash;
    return back <= on ? previous : next;
}

}  // namespace pgsteer::routing
