// Which server takes a client: pure but for the shared counters it reads. Any worker.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "routing/table.h"

namespace pgsteer::routing {

struct ChooseInput {
    BackendId backend{};
    std::optional<ServerId> avoid;  // the one that just failed; used when there is no other
    std::uint32_t source_hash = 0;  // see source_hash()
    std::uint32_t random = 0;       // for `balance random`; any 32 random bits
};

// A server that accepts and has a free slot, or nothing (all full, or none accepts). The slot is
// not taken yet: the caller takes it and chooses again when it lost the race for it.
std::optional<ServerId> choose(const RoutingTable& table, const ChooseInput& input);

// Does any server of the backend accept sessions, full or not?
bool any_accepts(const RoutingTable& table, BackendId backend);

// The client left before it logged in: the next one gets its turn. psql comes twice when it has to
// ask for a password, and with an even number of servers its sessions would all go to half of them.
void give_back_turn(const RoutingTable& table, ServerId server);

// HAProxy's hash of `balance source`: the address's 32-bit words, folded (get_server_sh in
// src/backend.c). 0 for a unix client.
std::uint32_t source_hash(const Address& client);

// The smooth weighted order: each id as often as its weight over the greatest common divisor.
struct WeightedServer {
    ServerId id{};
    std::uint32_t weight = 1;
};
std::vector<ServerId> smooth_schedule(const std::vector<WeightedServer>& servers);
// The same in the order of HAProxy's server map (recalc_server_map in src/lb_map.c): where a hash
// leads must be where it leads there.
std::vector<ServerId> server_map(const std::vector<WeightedServer>& servers);

}  // namespace pgsteer::routing
