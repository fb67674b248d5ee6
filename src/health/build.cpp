#include "health/build.h"

#include <algorithm>

#include "health/rules.h"
#include "routing/choose.h"

namespace pgsteer::health {
namespace {

routing::Balance balance_of(config::BalanceKind kind) {
    switch (kind) {
        case config::BalanceKind::roundrobin:
            return routing::Balance::roundrobin;
        case config::BalanceKind::static_rr:
            return routing::Balance::static_rr;
        case config::BalanceKind::leastconn:
            return routing::Balance::leastconn;
        case config::BalanceKind::first:
            return routing::Balance::first;
        case config::BalanceKind::source:
            return routing::Balance::source;
        case config::BalanceKind::random:
            return routing::Balance::random;
    }
    return routing::Balance::roundrobin;
}

routing::Keepalive keepalive_of(const config::KeepaliveOptions& options) {
    return {options.enabled, options.idle.value_or(seconds(0)),
            options.interval.value_or(seconds(0)), options.count.value_or(0)};
}

// After one side has ended, the other gets this long. HAProxy waits `timeout server` then, so that
// sessions of gone clients fill a frozen server's maxconn.
constexpr seconds default_fin_timeout{5};
milliseconds or_default(milliseconds fin_timeout) {
    return fin_timeout.count() > 0 ? fin_timeout : milliseconds(default_fin_timeout);
}

// Held clients let go a second and server, unless the file says otherwise. PostgreSQL starts about
// this many processes a second; faster, they would only wait in its listen backlog (at most
// net.core.somaxconn, 4096 on Linux) instead of here.
constexpr std::uint32_t default_hold_rate = 1000;

routing::BackendRow backend_row(const config::Backend& backend, std::size_t workers) {
    routing::BackendRow row;
    row.name = backend.name;
    row.number = backend.id;
    row.balance = balance_of(backend.balance);
    row.random_draws = std::max(backend.random_draws, 1U);
    row.all_backups = backend.all_backups;
    row.connect_timeout = backend.connect_timeout;
    row.server_timeout = backend.server_timeout;
    row.server_fin_timeout = or_default(backend.server_fin_timeout);
    // HAProxy: a queue timeout that is not set is the connect timeout (manual, "timeout queue").
    row.queue_timeout =
        backend.queue_timeout.count() > 0 ? backend.queue_timeout : backend.connect_timeout;
    row.retries = backend.retries;
    row.hold = backend.hold;
    row.hold_rate = backend.hold_rate.value_or(default_hold_rate);
    row.keepalive = keepalive_of(backend.keepalive);
    row.shared = std::make_shared<routing::Shared>(workers);
    return row;
}

void add_backend(const config::Backend& backend, std::size_t workers,
                 routing::RoutingTable& table) {
    const auto id = static_cast<routing::BackendId>(table.backends.size());
    routing::BackendRow row = backend_row(backend, workers);
    for (const config::Server& server : backend.servers) {
        row.servers.push_back(static_cast<routing::ServerId>(table.servers.size()));
        if (server.tcp_user_timeout) row.tcp_user_timeout = *server.tcp_user_timeout;
        table.servers.push_back(server_row(server, id, workers));
    }
    for (const routing::ServerId server : row.servers)
        table.servers[routing::index_of(server)].pace.backend = row.shared;
    table.backends.push_back(std::move(row));
}

void add_frontend(const config::Global& global, const config::Frontend& frontend,
                  std::size_t workers, routing::RoutingTable& table) {
    const bool has_default = frontend.default_backend.has_value();
    const std::string& target =
        has_default ? *frontend.default_backend : frontend.rules.backends.front().name;
    const auto back = std::find_if(table.backends.begin(), table.backends.end(),
                                   [&](const auto& row) { return row.name == target; });
    if (back == table.backends.end()) return;
    routing::FrontendRow row;
    row.name = frontend.name;
    row.number = frontend.id;
    row.has_default = has_default;
    row.backend = static_cast<routing::BackendId>(back - table.backends.begin());
    row.client_timeout = frontend.client_timeout;
    row.client_fin_timeout = or_default(frontend.client_fin_timeout);
    row.limit = frontend.maxconn;
    row.log_empty_sessions = frontend.log_empty_sessions;
    // A quiet process without `log` lines has nobody to tell of a session: nothing is reported up.
    row.log_sessions = !global.quiet || !global.logs.empty() || !frontend.logs.empty();
    row.shared = std::make_shared<routing::Shared>(workers);
    table.frontends.push_back(std::move(row));
}

std::vector<routing::ServerId> schedule_of(const routing::BackendRow& backend,
                                           const routing::RoutingTable& table) {
    std::vector<routing::WeightedServer> active;
    std::vector<routing::WeightedServer> backups;
    bool any_active = false;
    for (const routing::ServerId id : backend.servers) {
        const routing::ServerRow& row = table.at(id);
        if (!row.accepts) continue;
        any_active = any_active || !row.backup;
        if (row.weight > 0) (row.backup ? backups : active).push_back({id, row.weight});
    }
    if (any_active) return routing::smooth_schedule(active);
    if (!backend.all_backups && backups.size() > 1) backups.resize(1);
    return routing::smooth_schedule(backups);
}

// HAProxy: a tenth of what the frontends that may branch there can bring.
void settle_fullconn(const config::Config& config, routing::RoutingTable& table) {
    for (std::size_t i = 0; i < table.backends.size(); ++i) {
        std::uint64_t brought = 0;
        for (const routing::FrontendRow& front : table.frontends)
            if (routing::index_of(front.backend) == i)
                brought += front.limit > 0 ? front.limit : table.limit;
        const auto tenth = static_cast<std::uint32_t>((brought + 9) / 10);
        const std::uint32_t written = config.backends[i].fullconn;
        for (const routing::ServerId id : table.backends[i].servers) {
            routing::ServerRow& row = table.servers[routing::index_of(id)];
            row.pace.full = written > 0 ? written : std::max(tenth, 1U);
            if (row.pace.least > 0) table.backends[i].elastic = true;
        }
    }
}

bool is_dynamic(config::BalanceKind kind) {
    return kind != config::BalanceKind::static_rr && kind != config::BalanceKind::source;
}

// With `max-lag` all weights are finer, so that a lagging server can have a part of its own; with
// `slowstart`, so that one that has come back can.
std::uint32_t weight_of(const ServerState& server) {
    const config::Backend& backend = *server.backend;
    std::uint32_t weight = server.weight();
    if (backend.max_lag.given()) weight *= server.share;
    const bool slow =
        std::any_of(backend.servers.begin(), backend.servers.end(),
                    [](const config::Server& other) { return other.slow_start.count() > 0; });
    if (slow && is_dynamic(backend.balance)) weight *= server.ramp.sixteenths;
    return weight;
}

}  // namespace

routing::ServerRow server_row(const config::Server& server, routing::BackendId backend,
                              std::size_t workers) {
    routing::ServerRow row;
    row.name = server.name;
    row.backend = backend;
    row.weight = server.weight;
    row.limit = server.maxconn;
    if (server.minconn < server.maxconn) row.pace.least = server.minconn;
    row.backup = server.backup;
    if (server.origin.given() || server.announcement.any())
        row.outbound = std::make_shared<const routing::Outbound>(
            routing::Outbound{server.origin, server.announcement});
    row.shared = std::make_shared<routing::Shared>(workers);
    return row;
}

routing::RoutingTable first_rows(const config::Config& config, std::size_t workers) {
    routing::RoutingTable table;
    table.limit = config.global.maxconn;
    table.shared = std::make_shared<routing::Shared>(workers);
    for (const config::Backend& backend : config.backends)
        add_backend(backend, workers, table);
    for (const config::Frontend& frontend : config.frontends)
        if (frontend.mode == config::Frontend::Mode::tcp &&
            (frontend.default_backend || !frontend.rules.backends.empty()))
            add_frontend(config.global, frontend, workers, table);
    add_rules(config, table);
    settle_fullconn(config, table);
    return table;
}

bool apply_decisions(const std::deque<ServerState>& servers, routing::RoutingTable& table) {
    bool changed = false;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const ServerState& server = servers[i];
        routing::ServerRow& row = table.servers[i];
        const Decision& decision = server.decided;
        const std::uint32_t weight = weight_of(server);
        changed = changed || row.accepts != decision.accepts || row.cause != decision.cause ||
                  row.addresses != server.session_addresses() ||
                  row.cut_before != server.cut_before ||
                  row.killed_before != server.killed_before || row.weight != weight ||
                  row.limit != server.maxconn() || row.pace.percent != server.ramp.percent;
        row.pace.percent = server.ramp.percent;
        row.weight = weight;
        row.limit = server.maxconn();
        row.accepts = decision.accepts;
        row.cause = decision.cause;
        row.addresses = server.session_addresses();
        row.killed_before = server.killed_before;
        row.cut_before = server.cut_before;
    }
    if (changed)
        for (routing::BackendRow& backend : table.backends)
            backend.schedule = schedule_of(backend, table);
    return changed;
}

}  // namespace pgsteer::health
