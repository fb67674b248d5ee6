// Ring: HAProxy's consistent hashing (src/lb_chash.c). Each server has places on a ring of 32-bit
// numbers, and a hash goes to the nearest place: a server that comes or goes moves only the hashes
// of its own places. Pure values; built with the table, read by any worker.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace pgsteer::routing {

enum class ServerId : std::uint32_t {};

struct RingPlace {
    std::uint32_t at = 0;
    ServerId server{};
    friend bool operator==(const RingPlace&, const RingPlace&) = default;
};
using Ring = std::vector<RingPlace>;  // in the order of `at`

// Bob Jenkins' full avalanche, then spread as HAProxy's full_hash.
std::uint32_t full_hash(std::uint32_t value);

struct RingServer {
    ServerId server{};
    std::uint32_t number = 0;  // HAProxy's id of the server: where its places are
    std::uint32_t places = 0;  // 16 for each unit of its weight
};
Ring make_ring(const std::vector<RingServer>& servers);

// The place nearest to the hash; the ring is not empty.
std::size_t nearest(const Ring& ring, std::uint32_t hash);

}  // namespace pgsteer::routing
