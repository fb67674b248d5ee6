#include "admin/metrics.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <utility>
#include <vector>

#include "admin/cluster_view.h"
#include "admin/info_row.h"
#include "admin/metric_rows.h"
#include "http/percent.h"

namespace pgsteer::admin {
namespace {

constexpr std::array<std::string_view, 2> proxy_states{"DOWN", "UP"};
constexpr std::array<std::string_view, 3> listener_states{"WAITING", "OPEN", "FULL"};
constexpr std::array<std::string_view, 5> server_states{"DOWN", "UP", "MAINT", "DRAIN", "NOLB"};
constexpr std::array<std::string_view, 16> check_words{
    "HANA",   "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK",    "L6TOUT",   "L6RSP",
    "L7TOUT", "L7RSP",   "L7OK", "L7OKC",  "L7STS", "PROCERR", "PROCTOUT", "PROCOK"};

// A label's value (Prometheus' text format 0.0.4).
std::string label(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

// One object: its labels and its columns.
struct Shown {
    std::string labels;  // without braces
    StatRow row;
    const ProxyLine* proxy = nullptr;
    bool maintenance = false, drained = false;
};

void head(std::string& out, std::string_view name, std::string_view help, bool counter) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help,
                   counter ? "counter" : "gauge");
}

// Appends piece by piece: a thousand servers are a hundred thousand lines, of which reading format
// strings would be a third.
void add(std::string& out, std::initializer_list<std::string_view> pieces) {
    for (const std::string_view piece : pieces)
        out += piece;
}

void line(std::string& out, std::string_view name, std::string_view labels, double number,
          bool milliseconds) {
    constexpr double most_whole = 9e15;  // below 2^53
    out += name;
    if (!labels.empty()) add(out, {"{", labels, "}"});
    if (std::isnan(number)) {
        out += " NaN\n";
    } else if (milliseconds) {
        fmt::format_to(std::back_inserter(out), " {:.6f}\n", number / 1000);
    } else if (std::abs(number) < most_whole) {
        const fmt::format_int whole(std::llround(number));
        add(out, {" ", {whole.data(), whole.size()}, "\n"});
    } else {
        fmt::format_to(std::back_inserter(out), " {:.0f}\n", number);
    }
}

// HAProxy's word for a state, down to those the metric has (promex_srv_status).
std::string_view server_state(std::string_view status) {
    for (const std::string_view state : {"MAINT", "DRAIN", "NOLB"})
        if (status.starts_with(state)) return state;
    return status.starts_with("UP") || status == "no check" ? "UP" : "DOWN";
}

std::string_view proxy_state(std::string_view status) {
    return status.starts_with("UP") || status == "OPEN" ? "UP" : "DOWN";
}

template <class States, class Count>
void state_lines(std::string& out, const std::string& name, const std::string& labels,
                 const States& states, Count count) {
    for (const std::string_view state : states) {
        const fmt::format_int number(count(state));
        add(out,
            {name, "{", labels, ",state=\"", state, "\"} ", {number.data(), number.size()}, "\n"});
    }
}

std::size_t servers_in(const ProxyLine& proxy, std::string_view state) {
    return static_cast<std::size_t>(std::count_if(
        proxy.servers.begin(), proxy.servers.end(),
        [&](const ServerLine& server) { return server_state(server.status) == state; }));
}

std::size_t servers_checked(const ProxyLine& proxy, std::string_view word) {
    return static_cast<std::size_t>(
        std::count_if(proxy.servers.begin(), proxy.servers.end(), [&](const ServerLine& server) {
            return server.view.checked && server.view.check_word == word;
        }));
}

void one_metric(std::string& out, const MetricRow& metric, const std::string& name,
                const Shown& shown, std::string_view kind) {
    const StatValue& value = shown.row.at(metric.stat);
    const std::string status = metric.metric == Metric::number ? "" : text_of(value);
    switch (metric.metric) {
        case Metric::number:
            return line(out, name, shown.labels, number_of(value), metric.milliseconds);
        case Metric::states:
            if (kind == "listener")
                return state_lines(out, name, shown.labels, listener_states,
                                   [&](auto state) { return status == state ? 1 : 0; });
            if (kind == "server")
                return state_lines(out, name, shown.labels, server_states, [&](auto state) {
                    return server_state(status) == state ? 1 : 0;
                });
            return state_lines(out, name, shown.labels, proxy_states,
                               [&](auto state) { return proxy_state(status) == state ? 1 : 0; });
        case Metric::checks:
            if (value.empty()) return;
            return state_lines(out, name, shown.labels, check_words,
                               [&](auto word) { return status == word ? 1 : 0; });
        case Metric::state_counts:
            return state_lines(out, name, shown.labels, server_states,
                               [&](auto state) { return servers_in(*shown.proxy, state); });
        case Metric::check_counts:
            return state_lines(out, name, shown.labels, check_words,
                               [&](auto word) { return servers_checked(*shown.proxy, word); });
    }
}

// What HAProxy does not print of servers that are not checked.
bool only_checked(const MetricRow& metric) {
    return metric.stat == Stat::check_status || metric.stat == Stat::check_code ||
           metric.stat == Stat::check_duration;
}

void object_metrics(std::string& out, std::string_view kind, std::span<const MetricRow> rows,
                    const std::vector<Shown>& objects) {
    if (objects.empty()) return;
    for (const MetricRow& metric : rows) {
        const std::string name = fmt::format("haproxy_{}_{}", kind, metric.name);
        const std::size_t before = out.size();
        head(out, name, metric.help, metric.counter);
        const std::size_t headed = out.size();
        for (const Shown& shown : objects)
            if (!only_checked(metric) || !shown.row.at(Stat::check_status).empty())
                one_metric(out, metric, name, shown, kind);
        if (out.size() == headed) out.resize(before);
    }
}

void process_metrics(std::string& out, const Snapshot& snapshot) {
    for (const InfoRow& row : info_rows(snapshot)) {
        if (row.name->metric.empty()) continue;
        const std::string name = fmt::format("haproxy_process_{}", row.name->metric);
        head(out, name, row.name->help, row.name->counter);
        if (row.name->type == InfoType::text)
            fmt::format_to(std::back_inserter(out), "{}{{version=\"{}\"}} 1\n", name,
                           label(snapshot.version));
        else
            line(out, name, "", number_of(row.value), false);
    }
}

// pgsteer's own, in families.
class Families {
  public:
    explicit Families(std::string& out) : out_(out) {}
    void begin(std::string_view name, std::string_view help, bool counter = false) {
        name_ = name;
        help_ = help;
        counter_ = counter;
        begun_ = false;
    }
    void add(const std::string& labels, double number) {
        if (!std::exchange(begun_, true)) head(out_, name_, help_, counter_);
        line(out_, name_, labels, number, false);
    }
    void add_seconds(const std::string& labels, milliseconds span) {
        if (!std::exchange(begun_, true)) head(out_, name_, help_, counter_);
        line(out_, name_, labels, static_cast<double>(span.count()), true);
    }

  private:
    std::string& out_;
    std::string_view name_, help_;
    bool counter_ = false, begun_ = false;
};

void node_metrics(Families& families, const ClusterView& view) {
    const auto each = [&view](auto add) {
        for (const NodeLine& node : view.nodes)
            add(fmt::format(R"(node="{}",address="{}")", label(node.name), label(node.address)),
                node);
    };
    families.begin("pgsteer_node_role", "Role of the node: 1 for the role it has");
    each([&](const std::string& labels, const NodeLine& node) {
        for (const health::Role role :
             {health::Role::primary, health::Role::standby, health::Role::unknown})
            families.add(fmt::format(R"({},role="{}")", labels, word(role)),
                         node.role == role ? 1 : 0);
    });
    families.begin("pgsteer_node_fenced", "1: the node says primary, but may not be used");
    each([&](const std::string& labels, const NodeLine& node) {
        families.add(labels, node.fenced ? 1 : 0);
    });
    families.begin("pgsteer_node_timeline", "PostgreSQL timeline of the node");
    each([&](const std::string& labels, const NodeLine& node) {
        if (node.node && node.node->timeline)
            families.add(labels, static_cast<double>(*node.node->timeline));
    });
    families.begin("pgsteer_node_lag_bytes", "How far the standby is behind, in bytes");
    each([&](const std::string& labels, const NodeLine& node) {
        if (node.lag.bytes) families.add(labels, static_cast<double>(*node.lag.bytes));
    });
    families.begin("pgsteer_node_lag_seconds", "How far the standby is behind, in seconds");
    each([&](const std::string& labels, const NodeLine& node) {
        if (node.lag.time) families.add_seconds(labels, *node.lag.time);
    });
    families.begin("pgsteer_node_sessions", "Sessions that the node has now");
    each([&](const std::string& labels, const NodeLine& node) {
        families.add(labels, node.sessions);
    });
    families.begin("pgsteer_cluster_whole",
                   "1: there is one primary, no node is fenced, every role is known");
    families.add("", whole(view) ? 1 : 0);
}

void own_metrics(std::string& out, const Snapshot& snapshot) {
    Families families(out);
    node_metrics(families, cluster_view(snapshot));
    families.begin("pgsteer_backend_waiting_clients", "Clients that wait for a server now");
    for (const ProxyLine& backend : snapshot.backends)
        families.add(fmt::format(R"(proxy="{}")", label(backend.name)),
                     static_cast<double>(backend.waiting));
    families.begin("pgsteer_backend_refused_total", "Clients that were told why they got no server",
                   true);
    for (const ProxyLine& backend : snapshot.backends)
        families.add(fmt::format(R"(proxy="{}")", label(backend.name)),
                     static_cast<double>(backend.refused));
    const auto each_server = [&](auto add) {
        for (const ProxyLine& backend : snapshot.backends)
            for (const ServerLine& server : backend.servers)
                add(fmt::format(R"(proxy="{}",server="{}")", label(backend.name),
                                label(server.view.name)),
                    server);
    };
    families.begin("pgsteer_server_cut_total",
                   "Sessions that ended because their server may not be used any more", true);
    each_server([&](const std::string& labels, const ServerLine& server) {
        families.add(labels, static_cast<double>(server.cut));
    });
    families.begin("pgsteer_server_accepts", "Does the server take sessions, and why or why not");
    each_server([&](const std::string& labels, const ServerLine& server) {
        families.add(fmt::format(R"({},cause="{}")", labels, server.cause), server.accepts ? 1 : 0);
    });
}

}  // namespace

std::optional<MetricFilter> metric_filter(std::string_view query) {
    MetricFilter filter;
    bool scoped = false;
    while (!query.empty()) {
        const auto word = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(word.size() + 1, query.size()));
        if (word == "no-maint") filter.hide_maintenance = true;
        if (!word.starts_with("scope=")) continue;
        if (!std::exchange(scoped, true))
            filter = {false, false, false, false, false, false, filter.hide_maintenance};
        const std::string scope = http::percent_decode(word.substr(6));
        if (scope == "global" || scope == "*") filter.global = true;
        if (scope == "frontend" || scope == "*") filter.frontends = true;
        if (scope == "listener" || scope == "*") filter.listeners = true;
        if (scope == "backend" || scope == "*") filter.backends = true;
        if (scope == "server" || scope == "*") filter.servers = true;
        if (scope == "pgsteer" || scope == "*") filter.own = true;
        constexpr std::array<std::string_view, 9> known{"global",   "frontend",   "backend",
                                                        "server",   "pgsteer",    "*",
                                                        "listener", "sticktable", ""};
        if (std::find(known.begin(), known.end(), scope) == known.end()) return std::nullopt;
    }
    return filter;
}

std::string metrics(const Snapshot& snapshot, const MetricFilter& filter) {
    std::string out;
    if (filter.global) process_metrics(out, snapshot);
    std::vector<Shown> frontends, listeners, backends, servers;
    // Rows are large, and so is the text: neither is moved while it grows.
    constexpr std::size_t usual_text = 6'000;  // of a server
    std::size_t all_servers = 0;
    for (const ProxyLine& back : snapshot.backends)
        all_servers += back.servers.size();
    if (filter.servers) {
        servers.reserve(all_servers);
        out.reserve(all_servers * usual_text);
    }
    for (const ProxyLine& front : snapshot.frontends)
        for (const ListenerLine& line : front.listeners)
            if (filter.listeners)
                listeners.push_back({fmt::format(R"(proxy="{}",listener="{}")", label(front.name),
                                                 label(line.name)),
                                     listener_row(front, line)});
    for (const ProxyLine& front : snapshot.frontends)
        if (filter.frontends)
            frontends.push_back(
                {fmt::format(R"(proxy="{}")", label(front.name)), frontend_row(snapshot, front)});
    for (const ProxyLine& back : snapshot.backends) {
        if (filter.backends)
            backends.push_back({fmt::format(R"(proxy="{}")", label(back.name)),
                                backend_row(snapshot, back), &back});
        for (const ServerLine& server : back.servers)
            if (filter.servers && !(filter.hide_maintenance && server.view.maintenance))
                servers.push_back({fmt::format(R"(proxy="{}",server="{}")", label(back.name),
                                               label(server.view.name)),
                                   server_row(snapshot, back, server)});
    }
    object_metrics(out, "frontend", frontend_metrics(), frontends);
    object_metrics(out, "listener", listener_metrics(), listeners);
    object_metrics(out, "backend", backend_metrics(), backends);
    object_metrics(out, "server", server_metrics(), servers);
    if (filter.own) own_metrics(out, snapshot);
    return out;
}

http::Response metrics_page(const Snapshot& snapshot, const http::Request& request) {
    http::Response response;
    const auto filter = metric_filter(request.query);
    if (!filter) {
        response.status = 400;
        response.reason = "Bad request";
        response.body = "There is no such scope: global, frontend, backend, server, pgsteer.\n";
        return response;
    }
    response.content_type = "text/plain; version=0.0.4";
    response.body = metrics(snapshot, *filter);
    return response;
}

}  // namespace pgsteer::admin
