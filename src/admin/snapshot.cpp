#include "admin/snapshot.h"

namespace pgsteer::admin {
namespace {

ServerLine server_line(const routing::RoutingTable& table, const health::Cluster& cluster,
                       routing::ServerId id, TimePoint now) {
    const routing::ServerRow& row = table.at(id);
    const routing::Shared& shared = *row.shared;
    ServerLine line;
    line.view = cluster.view(id, now);
    line.address = row.addresses.empty() ? "not resolved" : row.addresses.front().text();
    line.cause = word(row.cause);
    line.accepts = row.accepts;
    line.backup = row.backup;
    line.weight = row.weight;
    line.sessions = shared.slots.taken();
    line.limit = row.limit;
    line.total = shared.total(&routing::Traffic::sessions);
    line.bytes_in = shared.total(&routing::Traffic::bytes_in);
    line.bytes_out = shared.total(&routing::Traffic::bytes_out);
    line.connect_errors = shared.total(&routing::Traffic::connect_errors);
    line.cut = shared.total(&routing::Traffic::cut);
    return line;
}

ProxyLine proxy_line(const std::string& name, const routing::Shared& shared) {
    ProxyLine line;
    line.name = name;
    line.sessions = shared.slots.taken();
    line.total = shared.total(&routing::Traffic::sessions);
    line.bytes_in = shared.total(&routing::Traffic::bytes_in);
    line.bytes_out = shared.total(&routing::Traffic::bytes_out);
    line.waiting = shared.total(&routing::Traffic::waiting);
    line.refused = shared.total(&routing::Traffic::refused);
    return line;
}

}  // namespace

Snapshot take_snapshot(const routing::RoutingTable& table, const health::Cluster& cluster,
                       const ProcessFacts& facts, TimePoint now) {
    Snapshot snapshot;
    snapshot.version = facts.version;
    snapshot.node = facts.node;
    snapshot.description = facts.description;
    snapshot.uptime = std::chrono::duration_cast<seconds>(now - facts.started);
    snapshot.sessions = table.shared->slots.taken();
    snapshot.limit = table.limit;
    snapshot.workers = facts.workers;
    snapshot.at = now;
    for (const routing::FrontendRow& row : table.frontends) {
        snapshot.frontends.push_back(proxy_line(row.name, *row.shared));
        snapshot.frontends.back().limit = row.limit;
    }
    for (const routing::BackendRow& row : table.backends) {
        ProxyLine line = proxy_line(row.name, *row.shared);
        for (const routing::ServerId id : row.servers) {
            line.servers.push_back(server_line(table, cluster, id, now));
            // A backend holds no slots of its own: its sessions are its servers'.
            line.sessions += line.servers.back().sessions;
        }
        snapshot.backends.push_back(std::move(line));
    }
    return snapshot;
}

}  // namespace pgsteer::admin
