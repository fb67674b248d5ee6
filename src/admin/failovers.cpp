#include "admin/failovers.h"

#include <algorithm>
#include <utility>

namespace pgsteer::admin {
namespace {

std::vector<std::string> serving(const routing::RoutingTable& table,
                                 const routing::BackendRow& backend) {
    std::vector<std::string> names;
    for (const routing::ServerId id : backend.servers)
        if (table.at(id).accepts) names.push_back(table.at(id).name);
    return names;
}

}  // namespace

void Failovers::follow(const routing::RoutingTable& table, TimePoint now, WallTime wall) {
    for (const routing::BackendRow& backend : table.backends) {
        if (backend.retired) {
            known_.erase(backend.name);
            std::erase_if(all_, [&](const Failover& failover) {
                return failover.backend == backend.name && !failover.length;
            });
            continue;
        }
        std::vector<std::string> servers = serving(table, backend);
        const auto known = known_.find(backend.name);
        if (known == known_.end()) {
            // Before its first server it has lost nobody.
            if (!servers.empty()) known_.emplace(backend.name, Known{std::move(servers), true});
            continue;
        }
        Known& before = known->second;
        if (servers.empty()) {
            if (!std::exchange(before.served, false)) continue;
            add({backend.name, before.servers, {}, now, wall, std::nullopt, 0});
        } else {
            ended(before, backend, std::move(servers), now, wall);
        }
    }
}

// It has servers. That is the end of an outage, or a change from one server to another at once.
void Failovers::ended(Known& known, const routing::BackendRow& backend,
                      std::vector<std::string> servers, TimePoint now, WallTime wall) {
    if (!known.served) {
        const auto open = std::find_if(all_.rbegin(), all_.rend(), [&](const Failover& failover) {
            return failover.backend == backend.name && !failover.length;
        });
        if (open != all_.rend()) {
            open->to = servers;
            open->length = now - open->lost;
            open->waiting = backend.shared->total(&routing::Traffic::waiting);
        }
    } else if (servers.size() == 1 && known.servers.size() == 1 && servers != known.servers) {
        add({backend.name, known.servers, servers, now, wall, Duration{0}, 0});
    }
    known = {std::move(servers), true};
}

void Failovers::add(Failover failover) {
    if (all_.size() == most) all_.pop_front();
    all_.push_back(std::move(failover));
}

}  // namespace pgsteer::admin
