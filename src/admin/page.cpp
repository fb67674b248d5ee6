// The stats page: one HTML document without scripts, made from a Snapshot.
#include "admin/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "admin/cluster_view.h"

namespace pgsteer::admin {
namespace {

constexpr std::string_view style = R"(
:root{color-scheme:light dark;--line:#8884;--up:#1a7f37;--down:#cf222e;--quiet:#6e7781}
@media(prefers-color-scheme:dark){:root{--up:#3fb950;--down:#f85149;--quiet:#8b949e}}
body{font:15px/1.4 system-ui,sans-serif;margin:1rem auto;max-width:75rem;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1.1rem;margin:1.5rem 0 .3rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{padding:.25rem .6rem;text-align:left;border-bottom:1px solid var(--line);white-space:nowrap}
td.n{text-align:right;font-variant-numeric:tabular-nums}
.up{color:var(--up);font-weight:600}.down{color:var(--down);font-weight:600}.quiet{color:var(--quiet)}
)";

std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else if (c == '\'')
            out += "&#39;";
        else
            out += c;
    }
    return out;
}

std::string lower(std::string text) {
    for (char& c : text)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

std::string of_limit(std::uint32_t limit) {
    return limit == 0 ? "-" : std::to_string(limit);
}

// A server that is healthy but not what this backend wants is no alarm.
std::string_view state_class(const ServerLine& server) {
    if (server.accepts) return "up";
    const bool other_role = server.view.role == health::Role::standby;
    return other_role || server.view.state == "MAINT" || server.view.check_word.empty() ? "quiet"
                                                                                        : "down";
}

std::string state_text(const ServerLine& server) {
    if (!server.accepts && server.view.role == health::Role::standby &&
        server.view.state.rfind("DOWN", 0) == 0)
        return std::string(word(server.view.role));
    return server.view.state;
}

std::string last_check(const ServerLine& server, TimePoint now) {
    if (server.view.check_word.empty()) return "";
    std::string text = server.view.check_word;
    if (server.view.check_code > 0) text += fmt::format("/{}", server.view.check_code);
    if (!server.view.check_text.empty()) text += " " + server.view.check_text;
    const auto ms = std::chrono::duration<double, std::milli>(server.view.check_latency).count();
    const auto age = std::chrono::duration_cast<milliseconds>(now - server.view.last_check).count();
    return fmt::format("{} in {:.1f} ms, {:.1f} s ago", text, ms, static_cast<double>(age) / 1000);
}

void add_server(std::string& out, const ServerLine& server, TimePoint now) {
    out += fmt::format(
        "<tr><td>{}{}</td><td>{}</td><td class={}>{}</td><td>{}</td><td>{}</td>"
        "<td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td>"
        "<td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td>{}</td></tr>\n",
        escape(server.view.name), server.backup ? " (backup)" : "", escape(server.address),
        state_class(server), escape(state_text(server)), word(server.view.role),
        escape(server.cause), server.sessions, of_limit(server.limit), server.total,
        server.bytes_in, server.bytes_out, server.connect_errors, server.cut,
        escape(last_check(server, now)));
}

// The cluster as one picture: each node once, fenced ones in the colour of alarm.
void add_cluster(std::string& out, const ClusterView& view) {
    out += "<h2>cluster</h2><div class=wide><table><tr>";
    for (const std::string& name : column_names())
        out += "<th>" + lower(name);
    out += "</tr>\n";
    for (const NodeLine& line : view.nodes) {
        const bool alarming = line.fenced || line.role == health::Role::unknown;
        const std::string_view state = alarming ? "down" : line.serves.empty() ? "quiet" : "up";
        out += fmt::format("<tr class={}>", state);
        for (const std::string& cell : cluster_row(line))
            out += "<td>" + escape(cell) + "</td>";
        out += "</tr>\n";
    }
    out += "</table></div>\n";
}

void add_backend(std::string& out, const ProxyLine& backend, TimePoint now) {
    out += fmt::format(
        "<h2>{}</h2><p>{} sessions now, {} in all, {} waiting, {} refused</p><div "
        "class=wide><table>"
        "<tr><th>server<th>address<th>state<th>role<th>cause<th>sessions<th>limit<th>total"
        "<th>bytes in<th>bytes out<th>connect errors<th>cut<th>last check</tr>\n",
        escape(backend.name), backend.sessions, backend.total, backend.waiting, backend.refused);
    for (const ServerLine& server : backend.servers)
        add_server(out, server, now);
    out += "</table></div>\n";
}

std::string document(const Snapshot& snapshot, const config::StatsPage& page) {
    const auto pause = page.refresh.value_or(seconds(5)).count();
    const std::string refresh =
        pause > 0 ? fmt::format("<meta http-equiv=refresh content={}>", pause) : "";
    const std::string version = page.hide_version ? "" : " " + escape(snapshot.version);
    std::string out = fmt::format(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content=\"width=device-width\">"
        "{}<title>pgsteer</title><style>{}</style>"
        "<h1>pgsteer{}{}</h1>",
        refresh, style, version,
        page.show_node && !snapshot.node.empty() ? " on " + escape(snapshot.node) : "");
    if (page.description) out += "<p>" + escape(*page.description) + "</p>";
    out += fmt::format("<p>{} sessions of {}, {} workers, up {} s</p>", snapshot.sessions,
                       of_limit(snapshot.limit), snapshot.workers,
                       std::chrono::duration_cast<seconds>(snapshot.uptime).count());
    add_cluster(out, cluster_view(snapshot));
    out +=
        "<div class=wide><table><tr><th>frontend<th>sessions<th>limit<th>total<th>bytes in"
        "<th>bytes out<th>refused</tr>\n";
    for (const ProxyLine& front : snapshot.frontends)
        out += fmt::format(
            "<tr><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td>"
            "<td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr>\n",
            escape(front.name), front.sessions, of_limit(front.limit), front.total, front.bytes_in,
            front.bytes_out, front.refused);
    out += "</table></div>\n";
    for (const ProxyLine& backend : snapshot.backends)
        add_backend(out, backend, snapshot.at);
    return out + "</html>\n";
}

}  // namespace

http::Response stats_page(const Snapshot& snapshot, const config::StatsPage& page,
                          const http::Request&) {
    http::Response response;
    response.content_type = "text/html; charset=utf-8";
    response.headers.emplace_back("Content-Security-Policy",
                                  "default-src 'none'; style-src 'unsafe-inline'");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.body = document(snapshot, page);
    return response;
}

}  // namespace pgsteer::admin
