#include "admin/actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/units.h"
#include "config/load.h"

namespace pgsteer::admin {
namespace {

using health::AdminState;
using routing::ServerId;

std::string path_of(const Desk& desk, ServerId id) {
    return desk.cluster.backend_config(id).name + "/" + desk.cluster.server_config(id).name;
}

// Changes it, and tells what became of it.
void administer(Desk& desk, ServerId id, const AdminState& admin, const std::string& deed) {
    if (admin == desk.cluster.admin(id)) return;
    const std::string line = fmt::format("Server {}: {} by an operator", path_of(desk, id), deed);
    log::notice("{}", line);
    desk.events.add(line);
    desk.changed(desk.cluster.administer(id, admin, Clock::now()));
}

// HAProxy's words for what is no number: those of strtol's user.
std::optional<std::uint32_t> whole_number(const std::string& text) {
    const auto value = parse_integer(text, 0, INT32_MAX);
    if (!value) return std::nullopt;
    return static_cast<std::uint32_t>(*value);
}

}  // namespace

Result<ServerId> find_server(const Desk& desk, const std::string& path) {
    const auto slash = path.find('/');
    if (slash == std::string::npos) return Error{"Require 'backend/server'.\n"};
    const std::string backend = path.substr(0, slash);
    const auto& rows = desk.table().backends;
    if (std::none_of(rows.begin(), rows.end(),
                     [&](const auto& row) { return row.name == backend; }))
        return Error{"No such backend.\n"};
    const auto found = desk.cluster.find(backend, path.substr(slash + 1));
    if (!found) return Error{"No such server.\n"};
    return *found;
}

Result<routing::FrontendId> find_frontend(const Desk& desk, const std::string& name) {
    if (name.empty()) return Error{"A frontend name is expected.\n"};
    const auto& rows = desk.table().frontends;
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
    if (found == rows.end()) return Error{"No such frontend.\n"};
    return static_cast<routing::FrontendId>(found - rows.begin());
}

void set_mode(Desk& desk, ServerId server, health::AdminMode mode) {
    constexpr std::string_view deeds[] = {"set ready", "set to drain", "put into maintenance"};
    AdminState admin = desk.cluster.admin(server);
    admin.mode = mode;
    administer(desk, server, admin, std::string(deeds[static_cast<std::size_t>(mode)]));
}

std::string set_weight(Desk& desk, ServerId server, const std::string& text) {
    constexpr std::int64_t most = 256;
    if (text.empty()) return "Require <weight> or <weight%>.\n";
    const bool relative = text.ends_with('%');
    const std::string digits = relative ? text.substr(0, text.size() - 1) : text;
    const auto number = parse_integer(digits, -INT32_MAX, INT32_MAX);
    if (!number)
        return digits.empty() ||
                       std::string_view("0123456789-+").find(digits[0]) == std::string_view::npos
                   ? "Empty weight string empty or preceded by garbage"
                   : "Trailing garbage in weight string";
    std::int64_t weight = *number;
    if (relative) {
        if (weight < 0) return "Relative weight must be positive.\n";
        weight = std::min(desk.cluster.server_config(server).weight * weight / 100, most);
    } else if (weight < 0 || weight > most) {
        return "Absolute weight can only be between 0 and 256 inclusive.\n";
    }
    AdminState admin = desk.cluster.admin(server);
    admin.weight = static_cast<std::uint32_t>(weight);
    administer(desk, server, admin, fmt::format("weight set to {}", weight));
    return "";
}

std::string set_maxconn(Desk& desk, ServerId server, const std::string& text) {
    if (text.empty()) return "Require <maxconn>.\n";
    const auto number = whole_number(text);
    if (!number)
        return text[0] >= '0' && text[0] <= '9' ? "Trailing garbage in maxconn string"
                                                : "maxconn string empty or preceded by garbage";
    AdminState admin = desk.cluster.admin(server);
    admin.maxconn = *number;
    administer(desk, server, admin, fmt::format("maxconn set to {}", *number));
    return "";
}

// srv_update_addr_port in HAProxy's src/server.c, without its port maps.
std::string set_address(Desk& desk, ServerId server, const std::string& text,
                        const std::optional<std::string>& port_text) {
    constexpr std::string_view by = " by 'stats socket command'\n";
    const auto literal = Address::from_literal(text, Port{0});
    if (!literal) return fmt::format("Invalid addr '{}'{}", text, by);
    const auto& addresses = desk.table().at(server).addresses;
    const auto& endpoint = desk.cluster.server_config(server).endpoint;
    const AdminState before = desk.cluster.admin(server);
    const Address now_at =
        addresses.empty() ? Address().with_port(endpoint.port) : addresses.front();
    const bool same = !addresses.empty() && now_at.host() == literal->host();
    std::string said = same ? "no need to change the addr"
                            : fmt::format("IP changed from '{}' to '{}'",
                                          addresses.empty() ? "-" : now_at.host(), literal->host());
    Port port = addresses.empty() ? endpoint.port : now_at.port();
    if (port_text) {
        const auto wanted = parse_integer(*port_text, 1, 65535);
        if (!wanted)
            return said + fmt::format(", problem converting port '{}' to an int{}", *port_text, by);
        const auto fresh = static_cast<Port>(*wanted);
        said += fresh == port
                    ? ", no need to change the port"
                    : fmt::format(", port changed from '{}' to '{}'", number(port), number(fresh));
        port = fresh;
    }
    if (!same || addresses.empty() || port != now_at.port()) {
        AdminState admin = before;
        admin.address = literal->with_port(port);
        administer(desk, server, admin, "address set to " + admin.address->text());
    }
    return said + std::string(by);
}

std::string set_name(Desk& desk, ServerId server, const std::string& fqdn) {
    if (fqdn.empty()) return "set server <b>/<s> fqdn requires a FQDN.\n";
    AdminState admin = desk.cluster.admin(server);
    const std::string before =
        admin.fqdn.value_or(desk.cluster.server_config(server).endpoint.host);
    if (before == fqdn) return "no need to change the FQDN by 'stats socket command'\n";
    admin.fqdn = fqdn;
    admin.address.reset();
    administer(desk, server, admin, "name set to " + fqdn);
    desk.renamed(server);
    return fmt::format("{} changed its FQDN from {} to {} by 'stats socket command'\n",
                       path_of(desk, server), before, fqdn);
}

void pause_checks(Desk& desk, ServerId server, bool paused) {
    AdminState admin = desk.cluster.admin(server);
    admin.checks_paused = paused;
    administer(desk, server, admin, paused ? "checks paused" : "checks resumed");
}

void pause_agent(Desk& desk, ServerId server, bool paused) {
    AdminState admin = desk.cluster.admin(server);
    admin.agent_paused = paused;
    administer(desk, server, admin, paused ? "agent checks paused" : "agent checks resumed");
}

void force_health(Desk& desk, ServerId server, health::ForcedHealth health) {
    constexpr std::string_view words[] = {"UP", "NOLB", "DOWN"};
    const std::string line =
        fmt::format("Server {}: forced {} by an operator", path_of(desk, server),
                    words[static_cast<std::size_t>(health)]);
    log::notice("{}", line);
    desk.events.add(line);
    desk.changed(desk.cluster.force_health(server, health, Clock::now()));
}

void force_agent(Desk& desk, ServerId server, bool up) {
    desk.changed(desk.cluster.force_agent(server, up, Clock::now()));
}

std::uint32_t end_sessions(Desk& desk, ServerId server) {
    const std::uint32_t sessions = desk.table().at(server).shared->slots.taken();
    const std::string line =
        fmt::format("Server {}: {} sessions ended by an operator", path_of(desk, server), sessions);
    log::notice("{}", line);
    desk.events.add(line);
    desk.cluster.end_sessions(server);
    desk.changed({});
    return sessions;
}

std::string set_frontend(Desk& desk, routing::FrontendId frontend,
                         health::FrontendAdmin::Mode mode) {
    using Mode = health::FrontendAdmin::Mode;
    health::FrontendAdmin admin = desk.cluster.admin(frontend);
    if (admin.mode == Mode::stopped)
        return "Frontend was previously shut down, cannot " +
               std::string(mode == Mode::open ? "enable" : "disable") + ".\n";
    if (admin.mode == mode)
        return mode == Mode::open ? "All sockets are already enabled.\n"
                                  : "All sockets are already disabled.\n";
    constexpr std::string_view words[] = {"opened", "paused", "stopped"};
    const std::string line =
        fmt::format("Proxy {} {} by an operator", desk.table().at(frontend).name,
                    words[static_cast<std::size_t>(mode)]);
    admin.mode = mode;
    desk.cluster.administer(frontend, admin);
    log::notice("{}", line);
    desk.events.add(line);
    desk.changed({});
    return "";
}

void clear_counters(Desk& desk, bool all) {
    const routing::RoutingTable& table = desk.table();
    table.shared->clear(all);
    desk.clear_listeners(all);
    for (const auto& row : table.frontends)
        row.shared->clear(all);
    for (const auto& row : table.backends)
        row.shared->clear(all);
    for (const auto& row : table.servers)
        row.shared->clear(all);
}

std::string add_server(Desk& desk, const std::string& path, const std::vector<std::string>& words) {
    const auto slash = path.find('/');
    if (slash == std::string::npos) return "Require 'backend/server'.";
    const std::string name = path.substr(slash + 1);
    const auto& backends = desk.config->backends;
    const auto backend = std::find_if(backends.begin(), backends.end(), [&](const auto& other) {
        return other.name == path.substr(0, slash);
    });
    if (backend == backends.end()) return "No such backend.";
    if (words.empty()) return "'server' expects <name> and <addr>[:<port>] as arguments.\n";
    if (desk.cluster.find(backend->name, name))
        return "Already exists a server with the same name in backend.\n";
    auto server = config::parse_server(*desk.config, *backend, name, words);
    if (!server) return server.error().text + "\n";
    const auto id = static_cast<routing::BackendId>(backend - backends.begin());
    const ServerId added = desk.cluster.add_server(id, std::move(*server), Clock::now());
    const std::string line = fmt::format("Server {} added by an operator", path);
    log::notice("{}", line);
    desk.events.add(line);
    desk.renamed(added);
    desk.changed({});
    return "New server registered.\n";
}

std::string remove_server(Desk& desk, const std::string& path) {
    const auto server = find_server(desk, path);
    if (!server) {
        // Without the line's end, as HAProxy has it here.
        const std::string& text = server.error().text;
        return text.substr(0, text.find('\n'));
    }
    const routing::ServerRow& row = desk.table().at(*server);
    if (row.cause != routing::Cause::maintenance)
        return "Only servers in maintenance mode can be deleted.";
    if (row.shared->slots.taken() > 0)
        return "Server still has connections attached to it, cannot remove it.";
    for (const config::Backend& backend : desk.config->backends)
        for (const config::Server& other : backend.servers)
            if (other.track == path)
                return "This server cannot be removed at runtime due to other configuration "
                       "elements pointing to it.";
    desk.cluster.remove_server(*server);
    const std::string line = fmt::format("Server {} removed by an operator", path);
    log::notice("{}", line);
    desk.events.add(line);
    desk.changed({});
    return "Server deleted.";
}

}  // namespace pgsteer::admin
