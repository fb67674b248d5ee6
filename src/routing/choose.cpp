#include "routing/choose.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "routing/limit.h"

namespace pgsteer::routing {
namespace {

// Backups serve only while no other server of the backend accepts.
bool backups_serve(const RoutingTable& table, const BackendRow& backend) {
    for (const ServerId id : backend.servers)
        if (const ServerRow& row = table.at(id); row.accepts && !row.backup) return false;
    return true;
}

bool has_free_slot(const ServerRow& row) {
    return row.limit == unlimited || row.shared->slots.taken() < limit_now(row);
}

// Is `a` less loaded than `b`, each measured against its weight?
bool less_loaded(const ServerRow& a, const ServerRow& b) {
    const std::uint64_t load_a = std::uint64_t{a.shared->slots.taken()} * b.weight;
    const std::uint64_t load_b = std::uint64_t{b.shared->slots.taken()} * a.weight;
    return load_a < load_b;
}

using Choice = std::optional<ServerId>;

// A server that is away is not met by a crowd when it is back.
constexpr std::uint32_t most_owed = 8;

bool take_one(std::atomic<std::uint32_t>& number) {
    std::uint32_t now = number.load(std::memory_order_relaxed);
    while (now > 0)
        if (number.compare_exchange_weak(now, now - 1, std::memory_order_relaxed)) return true;
    return false;
}

// A server that has a turn to get again.
Choice by_debt(const RoutingTable& table, const BackendRow& backend, Choice avoid) {
    for (const ServerId id : backend.servers) {
        const ServerRow& row = table.at(id);
        if (!row.accepts || row.weight == 0 || id == avoid || !has_free_slot(row)) continue;
        if (row.backup && !backups_serve(table, backend)) continue;
        if (!take_one(row.shared->owed)) continue;
        (void)take_one(backend.shared->owed);
        return id;
    }
    return std::nullopt;
}

Choice by_turn(const RoutingTable& table, const BackendRow& backend, Choice avoid) {
    if (backend.shared->owed.load(std::memory_order_relaxed) > 0)
        if (const Choice owed = by_debt(table, backend, avoid)) return owed;
    const std::size_t length = backend.schedule.size();
    const std::size_t start = backend.shared->turn.fetch_add(1, std::memory_order_relaxed);
    Choice last_resort;
    for (std::size_t step = 0; step < length; ++step) {
        const ServerId id = backend.schedule[(start + step) % length];
        if (!has_free_slot(table.at(id))) continue;
        if (id != avoid) return id;
        last_resort = id;
    }
    return last_resort;
}

Choice least_loaded(const RoutingTable& table, const BackendRow& backend, Choice avoid) {
    const bool backups = backups_serve(table, backend);
    const std::size_t count = backend.servers.size();
    // Equal loads are served in turn: the search starts one server further each time.
    const std::size_t start = backend.shared->turn.fetch_add(1, std::memory_order_relaxed);
    Choice best;
    for (std::size_t step = 0; step < count; ++step) {
        const ServerId id = backend.servers[(start + step) % count];
        const ServerRow& row = table.at(id);
        if (!row.accepts || row.weight == 0 || row.backup != backups || !has_free_slot(row))
            continue;
        if (best == avoid && best && id != avoid) best = id;
        if (!best || (id != avoid && less_loaded(row, table.at(*best)))) best = id;
    }
    return best;
}

Choice first_free(const RoutingTable& table, const BackendRow& backend, Choice avoid) {
    const bool backups = backups_serve(table, backend);
    Choice last_resort;
    for (const ServerId id : backend.servers) {
        const ServerRow& row = table.at(id);
        if (!row.accepts || row.weight == 0 || row.backup != backups || !has_free_slot(row))
            continue;
        if (id != avoid) return id;
        last_resort = id;
    }
    return last_resort;
}

// `hash-balance-factor`, as HAProxy's chash_server_is_eligible: a server may have so many percent
// of the average load, with the client that is about to come, and always one session.
class LoadBound {
  public:
    LoadBound(const RoutingTable& table, const BackendRow& backend) : table_(table) {
        if (backend.balance_factor == 0) return;
        const bool backups = backups_serve(table, backend);
        for (const ServerId id : backend.servers)
            if (const ServerRow& row = table.at(id); row.accepts && row.backup == backups)
                weight_ += row.weight;
        const std::uint64_t load = std::max<std::uint64_t>(backend.shared->slots.taken(), 1);
        most_ = (load * backend.balance_factor + 99) / 100;
    }
    bool allows(ServerId id) const {
        if (weight_ == 0) return true;
        const ServerRow& row = table_.at(id);
        const std::uint64_t share = (most_ * row.weight + weight_ - 1) / weight_;
        return row.shared->slots.taken() < std::max<std::uint64_t>(share, 1);
    }

  private:
    const RoutingTable& table_;
    std::uint64_t weight_ = 0;
    std::uint64_t most_ = 0;
};

// A full server is waited for: `source` promises the same server to the same client. One that has
// more than its share of the load is not.
template <class At>
Choice by_hash(const RoutingTable& table, const BackendRow& backend, Choice avoid,
               std::size_t length, At at) {
    const LoadBound bound(table, backend);
    for (std::size_t step = 0; step < length; ++step) {
        const ServerId id = at(step);
        if (id == avoid || !bound.allows(id)) continue;
        return has_free_slot(table.at(id)) ? Choice(id) : std::nullopt;
    }
    return avoid && has_free_slot(table.at(*avoid)) ? avoid : std::nullopt;
}

Choice by_source(const RoutingTable& table, const BackendRow& backend, Choice avoid,
                 std::uint32_t hash) {
    if (backend.avalanche) hash = full_hash(hash);
    if (backend.consistent && !backend.ring.empty()) {
        const Ring& ring = backend.ring;
        const std::size_t start = nearest(ring, hash);
        return by_hash(table, backend, avoid, ring.size(),
                       [&](std::size_t step) { return ring[(start + step) % ring.size()].server; });
    }
    const std::size_t length = backend.schedule.size();
    return by_hash(table, backend, avoid, length,
                   [&](std::size_t step) { return backend.schedule[(hash + step) % length]; });
}

Choice by_draws(const RoutingTable& table, const BackendRow& backend, Choice avoid,
                std::uint32_t random) {
    const LoadBound bound(table, backend);
    Choice best;
    for (std::uint32_t draw = 0; draw < backend.random_draws; ++draw) {
        random = random * 1664525U + 1013904223U;  // Numerical Recipes' generator
        const ServerId id =
            backend.schedule[(random >> 8) % static_cast<std::uint32_t>(backend.schedule.size())];
        if (id == avoid || !has_free_slot(table.at(id)) || !bound.allows(id)) continue;
        if (!best || less_loaded(table.at(id), table.at(*best))) best = id;
    }
    return best ? best : by_turn(table, backend, avoid);
}

}  // namespace

std::optional<ServerId> choose(const RoutingTable& table, const ChooseInput& input) {
    const BackendRow& backend = table.at(input.backend);
    if (backend.schedule.empty()) return std::nullopt;
    switch (backend.balance) {
        case Balance::roundrobin:
        case Balance::static_rr:
            return by_turn(table, backend, input.avoid);
        case Balance::leastconn:
            return least_loaded(table, backend, input.avoid);
        case Balance::first:
            return first_free(table, backend, input.avoid);
        case Balance::source:
            return by_source(table, backend, input.avoid, input.source_hash);
        case Balance::random:
            return by_draws(table, backend, input.avoid, input.random);
    }
    return std::nullopt;
}

void give_back_turn(const RoutingTable& table, ServerId server) {
    const ServerRow& row = table.at(server);
    const BackendRow& backend = table.at(row.backend);
    const bool in_turn =
        backend.balance == Balance::roundrobin || backend.balance == Balance::static_rr;
    if (!in_turn || row.shared->owed.load(std::memory_order_relaxed) >= most_owed) return;
    row.shared->owed.fetch_add(1, std::memory_order_relaxed);
    backend.shared->owed.fetch_add(1, std::memory_order_relaxed);
}

bool any_accepts(const RoutingTable& table, BackendId backend) {
    return !table.at(backend).schedule.empty();
}

std::uint32_t source_hash(const Address& client) {
    std::uint32_t hash = 0;
    if (client.family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, client.get(), sizeof v4);
        hash = ntohl(v4.sin_addr.s_addr);
    } else if (client.family() == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, client.get(), sizeof v6);
        for (std::size_t i = 0; i < 4; ++i) {
            std::uint32_t part = 0;
            std::memcpy(&part, v6.sin6_addr.s6_addr + 4 * i, sizeof part);
            hash ^= ntohl(part);
        }
    }
    return hash;
}

namespace {

// Who is next has the highest score, in steps of so much; the first of equals.
std::vector<ServerId> spread(const std::vector<WeightedServer>& servers, bool by_whole_cycles) {
    std::uint32_t divisor = 0;
    std::int64_t total = 0;
    for (const auto& server : servers)
        divisor = std::gcd(divisor, server.weight);
    if (divisor == 0) return {};
    for (const auto& server : servers)
        total += server.weight / divisor;
    const std::int64_t step = by_whole_cycles ? total : 1;
    std::vector<std::int64_t> scores(servers.size(), 0);
    std::vector<ServerId> schedule;
    schedule.reserve(static_cast<std::size_t>(total));
    for (std::int64_t turn = 0; turn < total; ++turn) {
        std::size_t best = servers.size();
        for (std::size_t i = 0; i < servers.size(); ++i) {
            if (servers[i].weight == 0) continue;
            scores[i] += servers[i].weight / divisor;
            // No score is below -total.
            if (best == servers.size() ||
                (scores[i] + total) / step > (scores[best] + total) / step)
                best = i;
        }
        scores[best] -= total;
        schedule.push_back(servers[best].id);
    }
    return schedule;
}

}  // namespace

std::vector<ServerId> smooth_schedule(const std::vector<WeightedServer>& servers) {
    return spread(servers, false);
}

std::vector<ServerId> server_map(const std::vector<WeightedServer>& servers) {
    return spread(servers, true);
}

}  // namespace pgsteer::routing
