// Fetches about proxies and servers: what is counted, and who is usable.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "routing/fetch_values.h"

namespace pgsteer::routing {
namespace {

BackendId backend_of(const Facts& facts, const Arguments& arguments) {
    return arguments.backend.value_or(facts.backend);
}
const FrontendRow& frontend_of(const Facts& facts, const Arguments& arguments) {
    return facts.table.at(arguments.frontend.value_or(facts.frontend));
}
const ServerRow& server_of(const Facts& facts, const Arguments& arguments) {
    return facts.table.at(*arguments.server);
}

std::int64_t waiting(const Facts& facts, const Arguments& arguments) {
    return static_cast<std::int64_t>(
        facts.table.at(backend_of(facts, arguments)).shared->total(&Traffic::waiting));
}

std::int64_t free_places(const ServerRow& row) {
    return std::max<std::int64_t>(0, std::int64_t{row.limit} - row.shared->slots.taken());
}

// For values that follow from who is usable in a way of their own.
constexpr Range anything{std::numeric_limits<std::int32_t>::min(),
                         std::numeric_limits<std::int32_t>::max()};

bool is_settled(const UsableServers& usable) {
    return usable.lowest == usable.highest;
}

Sampled nbsrv(const Facts& facts, const Arguments& arguments) {
    const UsableServers usable = usable_servers(facts.table, backend_of(facts, arguments));
    Sampled sampled = integer(usable.now);
    if (!is_settled(usable)) sampled.when_judged = Range{usable.lowest, usable.highest};
    return sampled;
}

Sampled unless_settled(Sampled sampled, const Facts& facts, BackendId backend) {
    if (!is_settled(usable_servers(facts.table, backend))) sampled.when_judged = anything;
    return sampled;
}

// As HAProxy rounds it (smp_fetch_avg_queue_size in src/backend.c).
Sampled avg_queue(const Facts& facts, const Arguments& arguments) {
    const std::int64_t clients = waiting(facts, arguments);
    const std::int64_t servers = usable_servers(facts.table, backend_of(facts, arguments)).now;
    return integer(servers > 0 ? (clients + servers - 1) / servers : 2 * clients);
}

Sampled be_conn(const Facts& facts, const Arguments& arguments) {
    return integer(
        std::uint64_t{facts.table.at(backend_of(facts, arguments)).shared->slots.taken()});
}

// Of those that may be chosen now; -1 where one has no limit, as HAProxy has it.
Sampled be_conn_free(const Facts& facts, const Arguments& arguments) {
    const BackendId id = backend_of(facts, arguments);
    const auto& servers = facts.table.at(id).servers;
    const bool any_active = std::any_of(servers.begin(), servers.end(), [&](ServerId server) {
        return !facts.table.at(server).backup && facts.table.at(server).accepts;
    });
    std::int64_t sum = 0;
    bool first_backup = true;
    for (const ServerId server : servers) {
        const ServerRow& row = facts.table.at(server);
        if (!row.accepts) continue;
        const bool is_first = row.backup && std::exchange(first_backup, false);
        if (row.backup && (any_active || !(is_first || facts.table.at(id).all_backups))) continue;
        if (row.limit == unlimited) return unless_settled(integer(std::int64_t{-1}), facts, id);
        sum += free_places(row);
    }
    return unless_settled(integer(sum), facts, id);
}

// Clients wait for a backend without a limit, so there is no number of free places (HAProxy
// answers -1 as well where there is no maxqueue).
Sampled connslots(const Facts& facts, const Arguments& arguments) {
    const BackendId backend = backend_of(facts, arguments);
    for (const ServerId id : facts.table.at(backend).servers)
        if (facts.table.at(id).accepts) return integer(std::int64_t{-1});
    return unless_settled(integer(std::int64_t{0}), facts, backend);
}

Sampled srv_is_up(const Facts& facts, const Arguments& arguments) {
    const ServerRow& row = server_of(facts, arguments);
    Sampled sampled = truth(!is_down(row.cause));
    if (is_unjudged(row.cause)) sampled.when_judged = Range{0, 1};
    return sampled;
}

Sampled be_id(const Facts& facts, const Arguments&) {
    return integer(std::uint64_t{facts.table.at(facts.backend).number});
}

Sampled be_name(const Facts& facts, const Arguments&) {
    return text(facts.table.at(facts.backend).name);
}

Sampled be_sess_rate(const Facts& facts, const Arguments& arguments) {
    return integer(facts.table.at(backend_of(facts, arguments)).shared->rate(facts.now));
}

Sampled dst_conn(const Facts& facts, const Arguments&) {
    return integer(std::uint64_t{facts.table.at(facts.frontend).shared->slots.taken()});
}

Sampled fe_conn(const Facts& facts, const Arguments& arguments) {
    return integer(std::uint64_t{frontend_of(facts, arguments).shared->slots.taken()});
}

Sampled fe_defbe(const Facts& facts, const Arguments&) {
    return text(facts.table.at(facts.table.at(facts.frontend).backend).name);
}

Sampled fe_id(const Facts& facts, const Arguments&) {
    return integer(std::uint64_t{facts.table.at(facts.frontend).number});
}

Sampled fe_name(const Facts& facts, const Arguments&) {
    return text(facts.table.at(facts.frontend).name);
}

Sampled fe_sess_rate(const Facts& facts, const Arguments& arguments) {
    return integer(frontend_of(facts, arguments).shared->rate(facts.now));
}

Sampled nbthread(const Facts& facts, const Arguments&) {
    return integer(std::uint64_t{facts.table.shared->traffic.size()});
}

Sampled queue(const Facts& facts, const Arguments& arguments) {
    return integer(waiting(facts, arguments));
}

Sampled srv_conn(const Facts& facts, const Arguments& arguments) {
    return integer(std::uint64_t{server_of(facts, arguments).shared->slots.taken()});
}

Sampled srv_conn_free(const Facts& facts, const Arguments& arguments) {
    const ServerRow& row = server_of(facts, arguments);
    return integer(row.limit == unlimited ? std::int64_t{-1} : free_places(row));
}

Sampled srv_queue(const Facts& facts, const Arguments& arguments) {
    return integer(server_of(facts, arguments).shared->total(&Traffic::waiting));
}

Sampled srv_sess_rate(const Facts& facts, const Arguments& arguments) {
    return integer(server_of(facts, arguments).shared->rate(facts.now));
}

Sampled srv_weight(const Facts& facts, const Arguments& arguments) {
    return integer(std::uint64_t{server_of(facts, arguments).weight});
}

constexpr std::array functions{
    FetchFunction{"avg_queue", avg_queue},
    FetchFunction{"be_conn", be_conn},
    FetchFunction{"be_conn_free", be_conn_free},
    FetchFunction{"be_id", be_id},
    FetchFunction{"be_name", be_name},
    FetchFunction{"be_sess_rate", be_sess_rate},
    FetchFunction{"connslots", connslots},
    FetchFunction{"dst_conn", dst_conn},
    FetchFunction{"fe_conn", fe_conn},
    FetchFunction{"fe_defbe", fe_defbe},
    FetchFunction{"fe_id", fe_id},
    FetchFunction{"fe_name", fe_name},
    FetchFunction{"fe_sess_rate", fe_sess_rate},
    FetchFunction{"nbsrv", nbsrv},
    FetchFunction{"nbthread", nbthread},
    FetchFunction{"queue", queue},
    FetchFunction{"srv_conn", srv_conn},
    FetchFunction{"srv_conn_free", srv_conn_free},
    FetchFunction{"srv_is_up", srv_is_up},
    FetchFunction{"srv_queue", srv_queue},
    FetchFunction{"srv_sess_rate", srv_sess_rate},
    FetchFunction{"srv_weight", srv_weight},
};

}  // namespace

std::span<const FetchFunction> proxy_fetches() {
    return functions;
}

UsableServers usable_servers(const RoutingTable& table, BackendId backend) {
    struct Count {
        std::int64_t usable = 0, unjudged = 0;
    };
    Count active;
    Count backup;
    for (const ServerId id : table.at(backend).servers) {
        const ServerRow& row = table.at(id);
        if (row.weight == 0) continue;
        Count& count = row.backup ? backup : active;
        if (row.accepts) ++count.usable;
        if (is_unjudged(row.cause)) ++count.unjudged;
    }
    const bool all = table.at(backend).all_backups;
    const auto of_backups = [all](std::int64_t n) {
        return all ? n : std::min<std::int64_t>(n, 1);
    };
    if (active.usable > 0) return {active.usable, active.usable, active.usable + active.unjudged};
    const std::int64_t now = of_backups(backup.usable);
    // One active server that comes up takes the place of all backups.
    const std::int64_t lowest = active.unjudged > 0 ? std::min<std::int64_t>(now, 1) : now;
    return {now, lowest, std::max(active.unjudged, of_backups(backup.usable + backup.unjudged))};
}

}  // namespace pgsteer::routing
