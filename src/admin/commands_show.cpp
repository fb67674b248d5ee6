// What can be looked at. Forms and words are HAProxy 2.6's; where it shows its own insides, what
// pgsteer has of the kind.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>

#include "admin/cluster_view.h"
#include "admin/command.h"
#include "admin/servers_state.h"
#include "admin/stat_views.h"
#include "base/units.h"

namespace pgsteer::admin {
namespace {

bool has(Words words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// "[domain NAME] [{ID|NAME} KINDS SERVER]": -1 stands for all.
StatFilter filter_of(const Client& client, Words words) {
    StatFilter filter;
    filter.hide_maintenance = has(words, "no-maint");
    filter.up_only = has(words, "up");
    filter.legends = client.level >= Level::operate;
    if (words.size() >= 2 && words[0] == "domain") words = words.subspan(2);
    if (words.size() < 3) return filter;
    const auto number = [](const std::string& text) { return parse_integer(text, -1, INT32_MAX); };
    const auto kinds = number(words[1]);
    const auto server = number(words[2]);
    if (!kinds || !server) return filter;
    if (const auto proxy = number(words[0]); !proxy)
        filter.name = words[0];
    else if (*proxy >= 0)
        filter.proxy = static_cast<std::uint32_t>(*proxy);
    if (*kinds >= 0) filter.kinds = static_cast<unsigned>(*kinds);
    if (*server >= 0) filter.server = static_cast<std::uint32_t>(*server);
    return filter;
}

std::string show_stat(Desk& desk, Client& client, Words words) {
    const Snapshot snapshot = desk.snapshot();
    const StatFilter filter = filter_of(client, words);
    if (has(words, "json")) return stat_json(snapshot, filter);
    if (has(words, "typed")) return stat_typed(snapshot, filter, has(words, "desc"));
    return stat_csv(snapshot, filter);
}

std::string show_info(Desk& desk, Client&, Words words) {
    const Snapshot snapshot = desk.snapshot();
    if (has(words, "json")) return info_json(snapshot);
    if (has(words, "typed")) return info_typed(snapshot, has(words, "desc"));
    return info_text(snapshot, has(words, "desc"));
}

std::optional<std::string> named_backend(Words words) {
    return words.empty() ? std::nullopt : std::optional(words[0]);
}

bool is_backend(const Desk& desk, const std::string& name) {
    const auto& rows = desk.table().backends;
    return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
}

std::string show_servers_state(Desk& desk, Client&, Words words) {
    if (!words.empty() && !is_backend(desk, words[0])) return "Can't find backend.\n";
    return servers_state(desk.snapshot(), *desk.config, named_backend(words));
}

std::string show_servers_conn(Desk& desk, Client&, Words words) {
    if (!words.empty() && !is_backend(desk, words[0])) return "Can't find backend.\n";
    return servers_connections(desk.snapshot(), named_backend(words));
}

std::string show_backend(Desk& desk, Client&, Words) {
    std::string text = "# name\n";
    for (const routing::BackendRow& row : desk.table().backends)
        text += row.name + "\n";
    return text;
}

std::string show_version(Desk& desk, Client&, Words) {
    return desk.snapshot().version + "\n";
}

std::string show_schema(Desk&, Client&, Words) {
    return schema_json();
}

std::string show_env(Desk&, Client&, Words words) {
    std::string text;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view line(*entry);
        if (words.empty() || line.substr(0, line.find('=')) == words[0])
            text += std::string(line) + "\n";
    }
    return text.empty() && !words.empty() ? "Variable not found\n" : text;
}

std::string show_errors(Desk& desk, Client&, Words words) {
    const auto named = [&](const auto& row) { return row.name == words[0]; };
    const auto& table = desk.table();
    if (!words.empty() && std::none_of(table.backends.begin(), table.backends.end(), named) &&
        std::none_of(table.frontends.begin(), table.frontends.end(), named))
        return "No such proxy.\n";
    const auto now = std::chrono::system_clock::now();
    const auto ms = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count() % 1000;
    return fmt::format("Total events captured on [{:%d/%b/%Y:%H:%M:%S}.{:03}] : 0\n",
                       fmt::localtime(std::chrono::system_clock::to_time_t(now)), ms);
}

std::string show_resolvers(Desk&, Client&, Words words) {
    return words.empty() ? "" : "Can't find that resolvers section\n";
}

std::string show_activity(Desk& desk, Client&, Words) {
    const routing::Shared& process = *desk.table().shared;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::size_t workers = process.traffic.size();
    std::string text =
        fmt::format("thread_id: {} (1..{})\ndate_now: {}.{:06}\n", workers, workers,
                    std::chrono::duration_cast<seconds>(now).count(),
                    std::chrono::duration_cast<microseconds>(now).count() % 1'000'000);
    std::string each;
    for (const routing::Traffic& cells : process.traffic)
        each += fmt::format(" {}", cells.sessions.get());
    return text +
           fmt::format("accepted: {} [{} ]\n", process.total(&routing::Traffic::sessions), each);
}

std::string show_pools(Desk&, Client&, Words) {
    const auto heap = ::mallinfo2();
    return fmt::format(
        "Dumping pools usage. Use SIGQUIT to flush them.\n"
        "  - Pool heap (1 bytes) : {} allocated ({} bytes), {} used, 0 failures, 1 users\n"
        "Total: 1 pools, {} bytes allocated, {} used.\n",
        heap.arena + heap.hblkhd, heap.arena + heap.hblkhd, heap.uordblks + heap.hblkhd,
        heap.arena + heap.hblkhd, heap.uordblks + heap.hblkhd);
}

std::string show_cli_level(Desk&, Client& client, Words) {
    return std::string(word(client.level)) + "\n";
}

std::string show_cli_sockets(Desk& desk, Client&, Words) {
    std::string text = "# socket lvl processes\n";
    for (const config::Bind& bind : desk.config->global.stats_sockets) {
        const std::string address = bind.endpoint.unix_socket
                                        ? "unix@" + bind.endpoint.unix_socket->text()
                                        : "ipv4@" + bind.endpoint.text();
        text += fmt::format("{} {} all\n", address, bind.level.value_or("operator"));
    }
    return text;
}

std::string show_cluster(Desk& desk, Client&, Words words) {
    const ClusterView view = cluster_view(desk.snapshot());
    return has(words, "json") ? as_json(view).dump(2) + "\n" : as_table(view);
}

std::string show_events(Desk& desk, Client&, Words) {
    std::string text;
    for (const Events::Event& event : desk.events.all()) {
        const auto ms =
            std::chrono::duration_cast<milliseconds>(event.at.time_since_epoch()).count() % 1000;
        text += fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {}\n",
                            fmt::gmtime(std::chrono::system_clock::to_time_t(event.at)), ms,
                            event.text);
    }
    return text;
}

constexpr CommandRow rows[] = {
    {"show activity", "show activity", "show per-thread activity stats (for support/developers)",
     Level::user, show_activity},
    {"show backend", "show backend", "list backends in the current running config", Level::user,
     show_backend},
    {"show cli level", "show cli level", "display the level of the current CLI session",
     Level::user, show_cli_level},
    {"show cli sockets", "show cli sockets", "dump list of cli sockets", Level::operate,
     show_cli_sockets},
    {"show cluster", "show cluster [json]", "show the nodes, their roles, timelines and lag",
     Level::user, show_cluster},
    {"show env", "show env [var]", "dump environment variables known to the process",
     Level::operate, show_env},
    {"show errors", "show errors [<px>] [request|response]",
     "report last request and/or response errors for each proxy", Level::operate, show_errors},
    {"show events", "show events", "show what changed in the cluster and what operators did",
     Level::operate, show_events},
    {"show info", "show info [desc|json|typed|float]*",
     "report information about the running process", Level::user, show_info},
    {"show pools", "show pools", "report information about the memory pools usage", Level::user,
     show_pools},
    {"show resolvers", "show resolvers [id]",
     "dumps counters from all resolvers section and associated name servers", Level::user,
     show_resolvers},
    {"show schema json", "show schema json", "report schema used for stats", Level::user,
     show_schema},
    {"show servers conn", "show servers conn [<backend>]",
     "dump server connections status (all or for a single backend)", Level::user,
     show_servers_conn},
    {"show servers state", "show servers state [<backend>]",
     "dump volatile server information (all or for a single backend)", Level::user,
     show_servers_state},
    {"show stat", "show stat [desc|json|no-maint|typed|up]*",
     "report counters for each proxy and server", Level::user, show_stat},
    {"show version", "show version", "show version of the current process", Level::user,
     show_version},
};

}  // namespace

std::span<const CommandRow> show_commands() {
    return rows;
}

}  // namespace pgsteer::admin
