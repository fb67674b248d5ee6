// Fetches about proxies and servers: what is counted, and who is usable.
#include <algorithm>
#include <array>

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

Sampled nbsrv(const Facts& facts, const Arguments& arguments) {
    return integer(usable_servers(facts.table, backend_of(facts, arguments)));
}

// As HAProxy rounds it (smp_fetch_avg_queue_size in src/backend.c).
Sampled avg_queue(const Facts& facts, const Arguments& arguments) {
    const std::int64_t clients = waiting(facts, arguments);
    const std::int64_t servers = usable_servers(facts.table, backend_of(facts, arguments));
    return integer(servers > 0 ? (clients + servers - 1) / servers : 2 * clients);
}

Sampled be_conn(const Facts& facts, const Arguments& arguments) {
    return integer(
        std::uint64_t{facts.table.at(backend_of(facts, arguments)).shared->slots.taken()});
}

// Of usable servers; -1 where one has no limit, as HAProxy has it.
Sampled be_conn_free(const Facts& facts, const Arguments& arguments) {
    std::int64_t sum = 0;
    for (const ServerId id : facts.table.at(backend_of(facts, arguments)).servers) {
        const ServerRow& row = facts.table.at(id);
        if (!row.accepts) continue;
        if (row.limit == unlimited) return integer(std::int64_t{-1});
        sum += free_places(row);
    }
    return integer(sum);
}

// Clients wait for a backend without a limit, so there is no number of free places (HAProxy
// answers -1 as well where there is no maxqueue).
Sampled connslots(const Facts& facts, const Arguments& arguments) {
    for (const ServerId id : facts.table.at(backend_of(facts, arguments)).servers)
        if (facts.table.at(id).accepts) return integer(std::int64_t{-1});
    return integer(std::int64_t{0});
}

Sampled srv_is_up(const Facts& facts, const Arguments& arguments) {
    return truth(!is_down(server_of(facts, arguments).cause));
}

Sampled be_id(const Facts& facts, const Arguments&) {
    return integer(std::uint64_t{index_of(facts.backend)} + 1);
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
    return integer(std::uint64_t{index_of(facts.frontend)} + 1);
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

Sampled srv_queue(const Facts&, const Arguments&) {
    return integer(std::int64_t{0});
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

std::int64_t usable_servers(const RoutingTable& table, BackendId backend) {
    std::int64_t active = 0;
    std::int64_t backups = 0;
    for (const ServerId id : table.at(backend).servers) {
        const ServerRow& row = table.at(id);
        if (row.accepts && row.weight > 0) ++(row.backup ? backups : active);
    }
    if (active > 0) return active;
    return table.at(backend).all_backups ? backups : std::min<std::int64_t>(backups, 1);
}

}  // namespace pgsteer::routing
