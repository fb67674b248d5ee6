#include "admin/snapshot.h"

#include <unistd.h>

#include <algorithm>

#include "routing/choose.h"

namespace pgsteer::admin {
namespace {

using routing::Traffic;

void count(const routing::Shared& shared, TimePoint now, Numbers& numbers) {
    numbers.sessions = shared.slots.taken();
    numbers.most_sessions = static_cast<std::uint32_t>(shared.most(&Traffic::most_sessions));
    numbers.total = shared.counted(&Traffic::sessions);
    numbers.bytes_in = shared.counted(&Traffic::bytes_in);
    numbers.bytes_out = shared.counted(&Traffic::bytes_out);
    numbers.rate = shared.rate(now);
    numbers.most_rate = std::max(shared.most_rate, numbers.rate);
    numbers.waiting = shared.total(&Traffic::waiting);
    numbers.most_waiting = shared.most(&Traffic::most_waiting);
    numbers.refused = shared.counted(&Traffic::refused);
    numbers.cut = shared.counted(&Traffic::cut);
    numbers.connect_errors = shared.counted(&Traffic::connect_errors);
    numbers.retries = shared.counted(&Traffic::retries);
    numbers.redispatches = shared.counted(&Traffic::redispatches);
    numbers.attempts = shared.counted(&Traffic::attempts);
    numbers.balanced = shared.counted(&Traffic::balanced);
    numbers.client_aborts = shared.counted(&Traffic::client_aborts);
    numbers.server_aborts = shared.counted(&Traffic::server_aborts);
    numbers.denied_connections = shared.counted(&Traffic::denied_connections);
    numbers.denied_sessions = shared.counted(&Traffic::denied_sessions);
    numbers.denied_requests = shared.counted(&Traffic::denied_requests);
    numbers.times = shared.times();
    numbers.most_times = shared.most_times();
    if (const auto last = shared.most(&Traffic::last_session); last > 0)
        numbers.last_session = std::chrono::duration_cast<seconds>(now.time_since_epoch()) -
                               seconds(static_cast<std::int64_t>(last) - 1);
}

// Tools know HAProxy's words alone. A fenced server is down to them, and one that keeps its
// sessions but gets no new ones is what HAProxy calls NOLB.
std::string status_of(const health::ServerView& view) {
    if (view.maintenance && !view.tracked.empty()) return "MAINT (via " + view.tracked + ")";
    if (view.state == "FENCED" || view.state == "no check yet") return "DOWN";
    if (view.state == "LAGGING") return "NOLB";
    return view.state;
}

ServerLine server_line(const routing::RoutingTable& table, const health::Cluster& cluster,
                       routing::ServerId id, TimePoint now) {
    const routing::ServerRow& row = table.at(id);
    ServerLine line;
    count(*row.shared, now, line);
    line.server = id;
    line.view = cluster.view(id, now);
    line.status = status_of(line.view);
    line.address = row.addresses.empty() ? "not resolved" : row.addresses.front().text();
    line.cause = word(row.cause);
    line.accepts = row.accepts;
    line.backup = row.backup;
    line.weight = row.weight;
    line.limit = row.limit;
    return line;
}

std::string_view word(routing::Balance balance) {
    constexpr std::string_view words[] = {"roundrobin", "static-rr", "leastconn",
                                          "first",      "source",    "random"};
    return words[static_cast<std::size_t>(balance)];
}

void add_up_servers(ProxyLine& line) {
    for (const ServerLine& server : line.servers) {
        if (!server.accepts || server.weight == 0) continue;
        ++(server.backup ? line.backups : line.active);
    }
    for (const ServerLine& server : line.servers) {
        if (!server.accepts || server.backup != (line.active == 0)) continue;
        line.weight += server.view.user_weight;
        line.user_weight += server.view.user_weight;
    }
}

ProxyLine backend_line(const routing::RoutingTable& table, const health::Cluster& cluster,
                       routing::BackendId id, TimePoint now) {
    const routing::BackendRow& row = table.at(id);
    ProxyLine line;
    count(*row.shared, now, line);
    line.name = row.name;
    line.algorithm = word(row.balance);
    line.health = cluster.backend_health(id, now);
    for (const routing::ServerId server : row.servers) {
        line.servers.push_back(server_line(table, cluster, server, now));
        const std::uint32_t written = table.at(server).number;
        line.servers.back().id = written != 0 ? written : line.servers.back().view.number;
    }
    add_up_servers(line);
    line.limit = row.servers.empty() ? 1 : table.at(row.servers.front()).pace.full;
    return line;
}

ProxyLine page_line(const config::Frontend& frontend, const PageFacts& facts, std::uint32_t limit) {
    ProxyLine line;
    line.name = frontend.name;
    line.id = frontend.id;
    line.http = true;
    line.sessions = facts.open;
    line.most_sessions = facts.most_open;
    line.total = line.requests = facts.total;
    line.bytes_out = facts.bytes_out;
    line.limit = frontend.maxconn > 0 ? frontend.maxconn : limit;
    return line;
}

std::string bind_text(const config::Bind& bind) {
    switch (bind.kind) {
        case config::Bind::Kind::any_ipv4:
        case config::Bind::Kind::any_ipv6:
            return "*:" + std::to_string(number(bind.endpoint.port));
        case config::Bind::Kind::descriptor:
            return "fd@" + std::to_string(bind.descriptor.value_or(0));
        default:
            return bind.endpoint.text();
    }
}

// Where its clients come in, and where they go.
void tell_way(const config::Frontend& frontend, ProxyLine& line) {
    for (const config::Bind& bind : frontend.binds)
        line.binds.push_back(bind_text(bind));
    const bool by_rule = !frontend.rules.backends.empty();
    const auto add = [&](const std::string& name) {
        if (std::none_of(line.ways.begin(), line.ways.end(),
                         [&](const Way& way) { return way.backend == name; }))
            line.ways.push_back({name, !by_rule});
    };
    for (const config::Choice& choice : frontend.rules.backends)
        add(choice.name);
    if (frontend.default_backend) add(*frontend.default_backend);
}

// Numbers of the file, and the pages, which have no row in the table.
void fit_to_file(const config::Config& config, const ProcessFacts& facts, Snapshot& snapshot) {
    std::size_t page = 0;
    const auto row = [](std::vector<ProxyLine>& lines, const std::string& name) {
        const auto found = std::find_if(lines.begin(), lines.end(), [&](const ProxyLine& line) {
            return line.name == name && line.id == 0;
        });
        return found == lines.end() ? nullptr : &*found;
    };
    for (const config::Frontend& frontend : config.frontends) {
        if (frontend.mode == config::Frontend::Mode::http) {
            if (page < facts.pages.size() && !frontend.disabled)
                snapshot.frontends.push_back(
                    page_line(frontend, facts.pages[page], snapshot.limit));
            ++page;
        } else if (ProxyLine* const line = row(snapshot.frontends, frontend.name)) {
            line->id = frontend.id;
            tell_way(frontend, *line);
        }
    }
    for (const config::Backend& backend : config.backends)
        if (ProxyLine* const line = row(snapshot.backends, backend.name)) {
            line->id = backend.id;
            for (const ProxyLine& front : snapshot.frontends) {
                if (!front.http || front.id != backend.id) continue;
                line->http = true;
                line->limit = std::max((front.limit + 9) / 10, 1U);  // fullconn
            }
        }
    // HAProxy shows no section that is `disabled`.
    const auto disabled = [](const auto& sections) {
        return [&](const ProxyLine& line) {
            return std::any_of(sections.begin(), sections.end(), [&](const auto& section) {
                return section.disabled && section.name == line.name;
            });
        };
    };
    std::erase_if(snapshot.frontends, disabled(config.frontends));
    std::erase_if(snapshot.backends, disabled(config.backends));
    const auto by_id = [](const ProxyLine& a, const ProxyLine& b) { return a.id < b.id; };
    std::stable_sort(snapshot.frontends.begin(), snapshot.frontends.end(), by_id);
    std::stable_sort(snapshot.backends.begin(), snapshot.backends.end(), by_id);
}

void tell_process(const routing::RoutingTable& table, const ProcessFacts& facts, TimePoint now,
                  Snapshot& snapshot) {
    Numbers process;
    count(*table.shared, now, process);
    snapshot.version = facts.version;
    snapshot.node = facts.node;
    snapshot.description = facts.description;
    snapshot.uptime = now - facts.started;
    snapshot.started = std::chrono::system_clock::now() -
                       std::chrono::duration_cast<std::chrono::system_clock::duration>(
                           Clock::now() - facts.started);
    snapshot.sessions = process.sessions;
    snapshot.most_sessions = process.most_sessions;
    snapshot.total = process.total;
    snapshot.rate = process.rate;
    snapshot.most_rate = process.most_rate;
    snapshot.limit = table.limit;
    snapshot.hard_limit = facts.config == nullptr ? table.limit : facts.config->global.maxconn;
    snapshot.workers = facts.workers;
    snapshot.listeners = facts.listeners;
    snapshot.descriptors = facts.descriptors;
    snapshot.lost_reports = facts.lost_reports;
    snapshot.stopping = facts.stopping;
    snapshot.pid = ::getpid();
    snapshot.at = now;
    if (facts.failovers != nullptr) snapshot.failovers = facts.failovers->all();
    if (facts.events != nullptr) snapshot.events = facts.events->all();
}

}  // namespace

Snapshot take_snapshot(const routing::RoutingTable& table, const health::Cluster& cluster,
                       const ProcessFacts& facts, TimePoint now) {
    Snapshot snapshot;
    tell_process(table, facts, now, snapshot);
    for (std::size_t i = 0; i < table.frontends.size(); ++i) {
        const routing::FrontendRow& row = table.frontends[i];
        if (row.retired) continue;
        ProxyLine& line = snapshot.frontends.emplace_back();
        count(*row.shared, now, line);
        line.name = row.name;
        line.limit = row.limit > 0 ? row.limit : table.limit;
        line.mode = cluster.admin(static_cast<routing::FrontendId>(i)).mode;
        snapshot.bytes_out += line.bytes_out;
        for (const CountedListener& listener : facts.counted) {
            if (listener.frontend != line.name) continue;
            ListenerLine& own = line.listeners.emplace_back();
            count(*listener.shared, now, own);
            own.name = listener.name;
            own.address = listener.address;
            own.id = listener.id;
        }
    }
    for (std::size_t i = 0; i < table.backends.size(); ++i)
        if (!table.backends[i].retired)
            snapshot.backends.push_back(
                backend_line(table, cluster, static_cast<routing::BackendId>(i), now));
    if (facts.config != nullptr) fit_to_file(*facts.config, facts, snapshot);
    return snapshot;
}

}  // namespace pgsteer::admin
