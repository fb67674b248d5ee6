// Numbers are those of HAProxy 2.6's enums: SRV_ST_* and SRV_ADMF_* (server-t.h), HCHK_STATUS_*,
// CHK_RES_* and CHK_ST_* (check-t.h).
#include "admin/servers_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace pgsteer::admin {
namespace {

constexpr unsigned stopped = 0, running = 2, stopping = 3;
constexpr unsigned forced_maintenance = 1, file_maintenance = 4, forced_drain = 8;

unsigned operational(const ServerLine& server) {
    if (server.status.starts_with("NOLB")) return stopping;
    return server.accepts || (server.view.draining && !server.view.maintenance) ? running : stopped;
}

unsigned administrative(const ServerLine& server, const config::Server* line) {
    const auto& mode = server.view.admin.mode;
    const unsigned by_file = line != nullptr && line->disabled ? file_maintenance : 0;
    if (mode == health::AdminMode::drain) return by_file | forced_drain;
    const bool forced = mode ? *mode == health::AdminMode::maintenance : by_file != 0;
    return by_file | (forced ? forced_maintenance : 0);
}

unsigned check_number(const health::ServerView& view) {
    constexpr std::string_view words[] = {
        "",       "INI",   "",      "",       "HANA",    "SOCKERR",  "L4OK",
        "L4TOUT", "L4CON", "L6OK",  "L6TOUT", "L6RSP",   "L7TOUT",   "L7RSP",
        "",       "L7OK",  "L7OKC", "L7STS",  "PROCERR", "PROCTOUT", "PROCOK"};
    if (view.check_word.empty()) return 1;
    const auto* const found = std::find(std::begin(words), std::end(words), view.check_word);
    return found == std::end(words) ? 0 : static_cast<unsigned>(found - std::begin(words));
}

unsigned check_result(const health::ServerView& view) {
    constexpr unsigned unknown = 0, failed = 2, passed = 3, conditional = 4;
    if (view.check_word.empty()) return unknown;
    if (view.check_word == "L7OKC") return conditional;
    return view.check_word.ends_with("OK") ? passed : failed;
}

struct Where {
    std::string host, port;
};

Where where(const ServerLine& server) {
    const auto colon = server.address.rfind(':');
    if (colon == std::string::npos || server.address.starts_with('/')) return {"-", "0"};
    std::string host = server.address.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    return {host, server.address.substr(colon + 1)};
}

const config::Server* line_of(const config::Config& config, const ProxyLine& backend,
                              const ServerLine& server) {
    for (const config::Backend& other : config.backends)
        if (other.name == backend.name)
            for (const config::Server& line : other.servers)
                if (line.name == server.view.name) return &line;
    return nullptr;
}

std::string fqdn(const ServerLine& server, const config::Server* line) {
    if (server.view.admin.fqdn) return *server.view.admin.fqdn;
    if (line == nullptr || line->endpoint.unix_socket) return "-";
    return Address::from_literal(line->endpoint.host, Port{0}) ? "-" : line->endpoint.host;
}

void add_line(std::string& out, const Snapshot& snapshot, const ProxyLine& backend,
              const ServerLine& server, const config::Server* line) {
    constexpr unsigned configured = 2, enabled = 4, paused = 8;
    const health::ServerView& view = server.view;
    const bool checks = line == nullptr ? view.checked : line->check;
    unsigned check_state = checks ? configured : 0;
    if (view.maintenance)
        check_state |= paused;
    else if (view.checked)
        check_state |= enabled;
    const unsigned agent_state = view.agent_checked ? configured | enabled : 0;
    const Where at = where(server);
    const auto age = std::chrono::duration_cast<seconds>(snapshot.at - view.last_change).count();
    const auto check_port = view.admin.check_port.value_or(
        line != nullptr ? line->check_port.value_or(Port{0}) : Port{0});
    const unsigned health = checks ? view.health : view.maintenance ? 0 : 2;
    fmt::format_to(std::back_inserter(out),
                   "{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} 0 0 {} {} - 0 {} {} {} {}\n",
                   backend.id, backend.name, server.id, view.name, at.host, operational(server),
                   administrative(server, line), view.user_weight, view.first_weight, age,
                   check_number(view), check_result(view), health, check_state, agent_state,
                   fqdn(server, line), at.port, number(check_port),
                   view.admin.check_address.value_or("-"), view.admin.agent_address.value_or("-"),
                   number(line != nullptr && line->agent.port ? *line->agent.port : check_port));
}

}  // namespace

std::string servers_state(const Snapshot& snapshot, const config::Config& config,
                          const std::optional<std::string>& only) {
    std::string out =
        "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
        "srv_iweight srv_time_since_last_change srv_check_status srv_check_result "
        "srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn "
        "srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr "
        "srv_agent_port\n";
    for (const ProxyLine& backend : snapshot.backends)
        if (!only || *only == backend.name)
            for (const ServerLine& server : backend.servers)
                add_line(out, snapshot, backend, server, line_of(config, backend, server));
    return out;
}

std::string servers_connections(const Snapshot& snapshot, const std::optional<std::string>& only) {
    std::string out = fmt::format(
        "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb "
        "safe_nb idle_lim idle_cur idle_per_thr[{}]\n",
        snapshot.workers);
    for (const ProxyLine& backend : snapshot.backends) {
        if (only && *only != backend.name) continue;
        for (const ServerLine& server : backend.servers) {
            const Where at = where(server);
            fmt::format_to(std::back_inserter(out), "{}/{} {}/{} {} {} - 5000 {} {} {} 0 0 -1 0",
                           backend.name, server.view.name, backend.id, server.id, at.host, at.port,
                           server.sessions, server.most_sessions, server.most_sessions);
            for (std::size_t i = 0; i < snapshot.workers; ++i)
                out += " 0";
            out += '\n';
        }
    }
    return out;
}

}  // namespace pgsteer::admin
