#include "health/build.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

#include "health/lag.h"
#include "health/rules.h"
#include "routing/choose.h"
#include "routing/rules.h"

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

// Does `slowstart` change weights here? A map is not made anew for that, as in HAProxy.
bool grows_slowly(const config::Backend& backend) {
    const bool mapped =
        backend.balance == config::BalanceKind::static_rr ||
        (backend.balance == config::BalanceKind::source && !backend.hash.consistent);
    return !mapped &&
           std::any_of(backend.servers.begin(), backend.servers.end(),
                       [](const config::Server& server) { return server.slow_start.count() > 0; });
}

// With `max-lag` all weights are finer, so that a lagging server can have a part of its own; with
// `slowstart`, so that one that has come back can.
std::uint32_t unit_of_weight(const config::Backend& backend) {
    return (backend.max_lag.given() ? whole_share : 1) * (grows_slowly(backend) ? whole_share : 1);
}

routing::BackendRow backend_row(const config::Backend& backend, std::size_t workers) {
    routing::BackendRow row;
    row.name = backend.name;
    row.number = backend.id;
    row.balance = balance_of(backend.balance);
    row.random_draws = std::max(backend.random_draws, 1U);
    row.consistent = backend.balance == config::BalanceKind::source && backend.hash.consistent;
    row.avalanche = backend.hash.avalanche;
    const bool bounded = row.consistent || backend.balance == config::BalanceKind::random;
    row.balance_factor = bounded ? backend.hash_balance_factor : 0;
    row.weight_unit = unit_of_weight(backend);
    row.all_backups = backend.all_backups;
    row.connect_timeout = backend.connect_timeout;
    row.server_timeout = backend.server_timeout;
    row.tunnel_timeout = backend.tunnel_timeout;
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

// As HAProxy: a server without `id` gets the lowest number that is free.
void number_servers(const config::Backend& backend, routing::BackendId id,
                    routing::RoutingTable& table) {
    std::set<std::uint32_t> used;
    for (const config::Server& server : backend.servers)
        if (server.id != 0) used.insert(server.id);
    std::uint32_t next = 1;
    std::size_t place = 0;
    for (const routing::ServerId server : table.at(id).servers) {
        const std::uint32_t given = backend.servers[place++].id;
        while (given == 0 && !used.insert(next).second)
            ++next;
        table.servers[routing::index_of(server)].number = given != 0 ? given : next;
    }
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
    number_servers(backend, id, table);
}

// What the frontend's lines show, so that workers look up no more than that.
routing::LogNeeds log_needs(const config::Global& global, const config::Frontend& frontend) {
    using Variable = config::LogVariable;
    const config::SessionLog& log = frontend.session_log;
    routing::LogNeeds needs;
    needs.empty_sessions = log.empty_sessions;
    // Lines go to the terminal where the file names no target; nothing is reported up when that is
    // silent.
    if (frontend.logs.empty()) {
        needs.at_end = !global.quiet && global.logs.empty();
        return needs;
    }
    const bool structured = std::any_of(frontend.logs.begin(), frontend.logs.end(),
                                        [](const auto& target) { return target.is_structured(); });
    const bool whole = log.format->shows_end() && !log.as_soon_as_possible;
    needs.at_accept = log.style == config::SessionLog::Style::connect;
    needs.at_connect = !needs.at_accept && !whole;
    needs.at_end = !needs.at_accept || structured;
    const auto shows = [&log](auto... variables) {
        const Variable any_of[] = {variables...};
        return log.format->shows(any_of) ||
               (log.structured_data && (*log.structured_data)->shows(any_of));
    };
    const bool fetches = std::any_of(log.format->pieces.begin(), log.format->pieces.end(),
                                     [](const config::LogPiece& piece) {
                                         return piece.kind == config::LogPiece::Kind::sample &&
                                                piece.sample.fetch.starts_with("dst");
                                     });
    needs.destination = needs.at_accept || structured || fetches ||
                        shows(Variable::frontend_ip, Variable::frontend_port);
    needs.source = structured || shows(Variable::source_ip, Variable::source_port);
    needs.number = structured || shows(Variable::request_counter);
    return needs;
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
    row.log = log_needs(global, frontend);
    row.shared = std::make_shared<routing::Shared>(workers);
    table.frontends.push_back(std::move(row));
}

// Whom the backend's clients are spread over now.
std::vector<routing::WeightedServer> serving(const routing::BackendRow& backend,
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
    if (any_active) return active;
    if (!backend.all_backups && backups.size() > 1) backups.resize(1);
    return backups;
}

// 16 places for each unit of weight, as BE_WEIGHT_SCALE of HAProxy.
constexpr std::uint64_t places_of_unit = 16;

routing::Ring ring_of(const std::vector<routing::WeightedServer>& servers,
                      const routing::BackendRow& backend, const routing::RoutingTable& table) {
    std::vector<routing::RingServer> places;
    for (const routing::WeightedServer& server : servers) {
        const std::uint64_t wanted = server.weight * places_of_unit / backend.weight_unit;
        const auto of_it = static_cast<std::uint32_t>(std::max<std::uint64_t>(wanted, 1));
        // One that an operator added has no number of its own.
        const std::uint32_t number = table.at(server.id).number;
        const auto place = static_cast<std::uint32_t>(routing::index_of(server.id)) + 1;
        places.push_back({server.id, number != 0 ? number : place, of_it});
    }
    return routing::make_ring(places);
}

void spread(routing::BackendRow& backend, const routing::RoutingTable& table) {
    const auto servers = serving(backend, table);
    const bool mapped = backend.balance == routing::Balance::static_rr ||
                        backend.balance == routing::Balance::source;
    backend.schedule = mapped ? routing::server_map(servers) : routing::smooth_schedule(servers);
    backend.ring.clear();
    if (backend.consistent) backend.ring = ring_of(servers, backend, table);
}

// The backends that a frontend may branch to, each once.
std::set<std::string_view> targets_of(const config::Frontend& frontend) {
    std::set<std::string_view> targets;
    if (frontend.default_backend) targets.insert(*frontend.default_backend);
    for (const config::Choice& choice : frontend.rules.backends)
        targets.insert(choice.name);
    return targets;
}

// HAProxy: a tenth of what the frontends that may branch there can bring.
void settle_fullconn(const config::Config& config, routing::RoutingTable& table) {
    std::unordered_map<std::string_view, std::uint64_t> brought;
    for (const config::Frontend& frontend : config.frontends)
        for (const std::string_view target : targets_of(frontend))
            brought[target] += frontend.maxconn > 0 ? frontend.maxconn : table.limit;
    for (std::size_t i = 0; i < table.backends.size(); ++i) {
        const auto tenth = static_cast<std::uint32_t>((brought[table.backends[i].name] + 9) / 10);
        const std::uint32_t written = config.backends[i].fullconn;
        for (const routing::ServerId id : table.backends[i].servers) {
            routing::ServerRow& row = table.servers[routing::index_of(id)];
            row.pace.full = written > 0 ? written : std::max(tenth, 1U);
            if (row.pace.least > 0) table.backends[i].elastic = true;
        }
    }
}

std::uint32_t weight_of(const ServerState& server) {
    const config::Backend& backend = *server.backend;
    std::uint32_t weight = server.weight();
    if (backend.max_lag.given()) weight *= server.share;
    if (grows_slowly(backend)) weight *= server.ramp.sixteenths;
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
    row.number = server.id;
    row.most_waiting = server.maxqueue;
    row.sticks = server.sticks;
    const bool tls = server.tls.on && server.tls.outgoing;
    if (server.origin.given() || server.announcement.any() || tls)
        row.outbound = std::make_shared<const routing::Outbound>(routing::Outbound{
            server.origin, server.announcement, tls ? server.tls.outgoing : nullptr, nullptr});
    row.shared = std::make_shared<routing::Shared>(workers);
    return row;
}

routing::RoutingTable plain_rows(const config::Config& config, std::size_t workers) {
    routing::RoutingTable table;
    table.limit = config.global.maxconn;
    table.shared = std::make_shared<routing::Shared>(workers);
    for (const config::Backend& backend : config.backends)
        add_backend(backend, workers, table);
    for (const config::Frontend& frontend : config.frontends)
        if (frontend.mode == config::Frontend::Mode::tcp &&
            (frontend.default_backend || !frontend.rules.backends.empty()))
            add_frontend(config.global, frontend, workers, table);
    settle_fullconn(config, table);
    return table;
}

routing::RoutingTable first_rows(const config::Config& config, std::size_t workers) {
    routing::RoutingTable table = plain_rows(config, workers);
    add_stick_tables(config, table);
    add_rules(config, table);
    return table;
}

void add_stick_tables(const config::Config& config, routing::RoutingTable& table) {
    const auto before = std::exchange(table.stick_tables, {});
    for (const config::StickTable& one : config.tables) {
        const auto same = std::find_if(before.begin(), before.end(), [&](const auto& known) {
            return known->name() == one.name && known->spec() == one.spec;
        });
        table.stick_tables.push_back(
            same != before.end() ? *same
                                 : std::make_shared<routing::StickTable>(one.name, one.spec));
    }
}

bool apply_decisions(const std::deque<ServerState>& servers, routing::RoutingTable& table,
                     bool reshaped) {
    bool changed = reshaped;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const ServerState& server = servers[i];
        routing::ServerRow& row = table.servers[i];
        const Decision& decision = server.decided;
        const std::uint32_t weight = weight_of(server);
        changed = changed || row.accepts != decision.accepts || row.cause != decision.cause ||
                  row.addresses != server.session_addresses() ||
                  row.cut_before != server.cut_before ||
                  row.killed_before != server.killed_before ||
                  row.superseded_before != server.superseded_before || row.weight != weight ||
                  row.limit != server.maxconn() || row.pace.percent != server.ramp.percent;
        row.pace.percent = server.ramp.percent;
        row.weight = weight;
        row.limit = server.maxconn();
        row.accepts = decision.accepts;
        row.cause = decision.cause;
        row.addresses = server.session_addresses();
        row.killed_before = server.killed_before;
        row.superseded_before = server.superseded_before;
        row.cut_before = server.cut_before;
    }
    if (changed)
        for (routing::BackendRow& backend : table.backends)
            spread(backend, table);
    return changed;
}

}  // namespace pgsteer::health
