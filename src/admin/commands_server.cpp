// Commands that change servers and frontends. Their answers are HAProxy 2.6's to the letter, with
// its line ends where it has them and without where it has none.
#include <fmt/format.h>

#include <algorithm>

#include "admin/actions.h"
#include "admin/command.h"
#include "base/units.h"

namespace pgsteer::admin {
namespace {

using health::AdminMode;
using routing::ServerId;
using FrontendMode = health::FrontendAdmin::Mode;

std::string first(Words words) {
    return words.empty() ? "" : words[0];
}
std::string at(Words words, std::size_t index) {
    return words.size() > index ? words[index] : "";
}

// Finds the server that the first word names, and lets `act` go on with it.
template <class Act>
std::string with_server(Desk& desk, Words words, Act act) {
    const auto server = find_server(desk, first(words));
    if (!server) return server.error().text;
    return act(*server);
}

std::string enable_server(Desk& desk, Client&, Words words) {
    return with_server(desk, words, [&](ServerId id) {
        set_mode(desk, id, AdminMode::ready);
        return std::string();
    });
}
std::string disable_server(Desk& desk, Client&, Words words) {
    return with_server(desk, words, [&](ServerId id) {
        set_mode(desk, id, AdminMode::maintenance);
        return std::string();
    });
}

std::string enable_health(Desk& desk, Client&, Words words) {
    return with_server(desk, words, [&](ServerId id) -> std::string {
        if (!desk.cluster.server_config(id).check)
            return "Health check was not configured on this server, cannot enable.\n";
        pause_checks(desk, id, false);
        return "";
    });
}
std::string disable_health(Desk& desk, Client&, Words words) {
    return with_server(desk, words, [&](ServerId id) {
        if (desk.cluster.server_config(id).check) pause_checks(desk, id, true);
        return std::string();
    });
}
std::string enable_agent(Desk& desk, Client&, Words words) {
    return with_server(desk, words, [&](ServerId id) -> std::string {
        if (!desk.cluster.server_config(id).agent.enabled)
            return "Agent was not configured on this server, cannot enable.\n";
        pause_agent(desk, id, false);
        return "";
    });
}
std::string disable_agent(Desk& desk, Client&, Words words) {
    return with_server(desk, words, [&](ServerId id) {
        if (desk.cluster.server_config(id).agent.enabled) pause_agent(desk, id, true);
        return std::string();
    });
}

// What follows `set server B/S`; `words` begin with the property.
using SetServer = std::string (*)(Desk& desk, ServerId server, Words words);

std::string server_state(Desk& desk, ServerId server, Words words) {
    const std::string state = at(words, 1);
    if (state == "ready")
        set_mode(desk, server, AdminMode::ready);
    else if (state == "drain")
        set_mode(desk, server, AdminMode::drain);
    else if (state == "maint")
        set_mode(desk, server, AdminMode::maintenance);
    else
        return "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n";
    return "";
}

std::string server_weight(Desk& desk, ServerId server, Words words) {
    return set_weight(desk, server, at(words, 1));
}

std::string server_health(Desk& desk, ServerId server, Words words) {
    const std::string state = at(words, 1);
    if (state != "up" && state != "stopping" && state != "down")
        return "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n";
    if (!desk.cluster.server_config(server).check) return "";
    force_health(desk, server,
                 state == "up"     ? health::ForcedHealth::up
                 : state == "down" ? health::ForcedHealth::down
                                   : health::ForcedHealth::stopping);
    return "";
}

std::string server_agent(Desk& desk, ServerId server, Words words) {
    if (!desk.cluster.server_config(server).agent.enabled)
        return "agent checks are not enabled on this server.\n";
    const std::string state = at(words, 1);
    if (state != "up" && state != "down")
        return "'set server <srv> agent' expects 'up' or 'down'.\n";
    force_agent(desk, server, state == "up");
    return "";
}

std::optional<std::string> port_word(Words words) {
    if (words.size() < 4 || words[2] != "port") return std::nullopt;
    return words[3];
}

std::string server_address(Desk& desk, ServerId server, Words words) {
    if (words.size() < 2)
        return "set server <b>/<s> addr requires an address and optionally a port.\n";
    return set_address(desk, server, words[1], port_word(words));
}

std::string server_fqdn(Desk& desk, ServerId server, Words words) {
    return set_name(desk, server, at(words, 1));
}

// An empty answer: the port is good.
std::string read_port(const std::string& text, Port& port) {
    const auto any = parse_integer(text, INT32_MIN, INT32_MAX);
    if (!any) return "provided port is not an integer";
    if (*any < 1 || *any > 65535) return "provided port is invalid";
    port = static_cast<Port>(*any);
    return "";
}

std::string check_port(Desk& desk, ServerId server, Words words) {
    if (words.size() < 2) return "set server <b>/<s> check-port requires a port.\n";
    if (!desk.cluster.server_config(server).check)
        return "health checks are not enabled on this server";
    health::AdminState admin = desk.cluster.admin(server);
    Port port{0};
    if (std::string wrong = read_port(words[1], port); !wrong.empty()) return wrong;
    admin.check_port = port;
    desk.changed(desk.cluster.administer(server, admin, Clock::now()));
    return "";
}

std::string check_address(Desk& desk, ServerId server, Words words) {
    if (words.size() < 2)
        return "set server <b>/<s> check-addr requires an address and optionally a port.\n";
    if (!desk.cluster.server_config(server).check)
        return "health checks are not enabled on this server";
    if (!Address::from_literal(words[1], Port{0})) return "invalid addr";
    health::AdminState admin = desk.cluster.admin(server);
    admin.check_address = words[1];
    if (const auto text = port_word(words)) {
        Port port{0};
        if (std::string wrong = read_port(*text, port); !wrong.empty()) return wrong;
        admin.check_port = port;
    }
    desk.changed(desk.cluster.administer(server, admin, Clock::now()));
    return "";
}

std::string agent_property(Desk& desk, ServerId server, Words words) {
    const std::string& property = words[0];
    const bool wants_line_end = property == "agent-send";
    if (words.size() < 2)
        return property == "agent-addr"
                   ? "set server <b>/<s> agent-addr requires an address and optionally a port.\n"
               : property == "agent-port" ? "set server <b>/<s> agent-port requires a port.\n"
                                          : "set server <b>/<s> agent-send requires a string.\n";
    if (!desk.cluster.server_config(server).agent.enabled)
        return std::string("agent checks are not enabled on this server") +
               (wants_line_end ? ".\n" : "");
    health::AdminState admin = desk.cluster.admin(server);
    Port port{0};
    std::string wrong;
    if (property == "agent-send") {
        admin.agent_send = words[1];
    } else if (property == "agent-port") {
        wrong = read_port(words[1], port);
        admin.agent_port = port;
    } else {
        if (!Address::from_literal(words[1], Port{0}))
            return "incorrect addr address given for agent";
        admin.agent_address = words[1];
        if (const auto text = port_word(words)) {
            wrong = read_port(*text, port);
            admin.agent_port = port;
        }
    }
    if (!wrong.empty()) return wrong;
    desk.changed(desk.cluster.administer(server, admin, Clock::now()));
    return "";
}

struct Property {
    std::string_view name;
    SetServer set;
};
constexpr Property properties[] = {
    {"addr", server_address},       {"agent", server_agent},        {"agent-addr", agent_property},
    {"agent-port", agent_property}, {"agent-send", agent_property}, {"check-addr", check_address},
    {"check-port", check_port},     {"fqdn", server_fqdn},          {"health", server_health},
    {"state", server_state},        {"weight", server_weight},
};

std::string set_server(Desk& desk, Client&, Words words) {
    return with_server(desk, words, [&](ServerId id) -> std::string {
        const Words rest = words.subspan(1);
        for (const Property& property : properties)
            if (first(rest) == property.name) return property.set(desk, id, rest);
        return "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | "
               "agent-send | check-addr | check-port | fqdn | health | ssl | state | weight\n";
    });
}

std::string weight_command(Desk& desk, Client&, Words words) {
    return with_server(desk, words,
                       [&](ServerId id) { return set_weight(desk, id, at(words, 1)); });
}

std::string get_weight(Desk& desk, Client&, Words words) {
    return with_server(desk, words, [&](ServerId id) {
        const health::ServerView view = desk.cluster.view(id, Clock::now());
        return fmt::format("{} (initial {})\n", view.user_weight, view.first_weight);
    });
}

std::string maxconn_server(Desk& desk, Client&, Words words) {
    return with_server(desk, words,
                       [&](ServerId id) { return set_maxconn(desk, id, at(words, 1)); });
}

// HAProxy reads these two with atol(): what is no number is 0.
std::uint32_t lenient_number(const std::string& text) {
    const auto end =
        std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
    const auto number = parse_integer(std::string(text.begin(), end), 0, INT32_MAX);
    return number ? static_cast<std::uint32_t>(*number) : 0;
}

std::string maxconn_frontend(Desk& desk, Client&, Words words) {
    const auto frontend = find_frontend(desk, first(words));
    if (!frontend) return frontend.error().text;
    if (words.size() < 2) return "Integer value expected.\n";
    health::FrontendAdmin admin = desk.cluster.admin(*frontend);
    admin.maxconn = lenient_number(words[1]);
    desk.cluster.administer(*frontend, admin);
    desk.changed({});
    return "";
}

std::string maxconn_global(Desk& desk, Client&, Words words) {
    if (words.empty()) return "Expects an integer value.\n";
    const std::uint32_t hard = desk.config->global.maxconn;
    const std::uint32_t wanted = lenient_number(words[0]);
    if (wanted > hard) return "Value out of range.\n";
    desk.cluster.set_limit(wanted == 0 ? hard : wanted);
    desk.changed({});
    return "";
}

template <FrontendMode mode>
std::string frontend_command(Desk& desk, Client&, Words words) {
    const auto frontend = find_frontend(desk, first(words));
    if (!frontend) return frontend.error().text;
    return set_frontend(desk, *frontend, mode);
}

std::string add_command(Desk& desk, Client&, Words words) {
    const Words rest = words.empty() ? words : words.subspan(1);
    return add_server(desk, first(words), {rest.begin(), rest.end()});
}
std::string del_command(Desk& desk, Client&, Words words) {
    return remove_server(desk, first(words));
}

std::string clear_command(Desk& desk, Client& client, Words words) {
    const bool all = first(words) == "all";
    if (client.level < (all ? Level::admin : Level::operate)) return "Permission denied\n";
    clear_counters(desk, all);
    return "";
}

constexpr CommandRow rows[] = {
    {"add server", "add server <bk>/<srv>", "create a new server", Level::admin, add_command},
    {"clear counters", "clear counters [all]", "clear max statistics counters (or all counters)",
     Level::operate, clear_command},
    {"del server", "del server <bk>/<srv>", "remove a dynamically added server", Level::admin,
     del_command},
    {"disable agent", "disable agent", "disable agent checks", Level::admin, disable_agent},
    {"disable frontend", "disable frontend <frontend>", "temporarily disable specific frontend",
     Level::admin, frontend_command<FrontendMode::paused>},
    {"disable health", "disable health", "disable health checks", Level::admin, disable_health},
    {"disable server", "disable server (DEPRECATED)",
     "disable a server for maintenance (use 'set server' instead)", Level::admin, disable_server},
    {"enable agent", "enable agent", "enable agent checks", Level::admin, enable_agent},
    {"enable frontend", "enable frontend <frontend>", "re-enable specific frontend", Level::admin,
     frontend_command<FrontendMode::open>},
    {"enable health", "enable health", "enable health checks", Level::admin, enable_health},
    {"enable server", "enable server  (DEPRECATED)",
     "enable a disabled server (use 'set server' instead)", Level::admin, enable_server},
    {"get weight", "get weight <bk>/<srv>", "report a server's current weight", Level::user,
     get_weight},
    {"set maxconn frontend", "set maxconn frontend <frontend> <value>",
     "change a frontend's maxconn setting", Level::admin, maxconn_frontend},
    {"set maxconn global", "set maxconn global <value>", "change the per-process maxconn setting",
     Level::admin, maxconn_global},
    {"set maxconn server", "set maxconn server <bk>/<srv>", "change a server's maxconn setting",
     Level::admin, maxconn_server},
    {"set server", "set server <bk>/<srv> [opts]",
     "change a server's state, weight, address or ssl", Level::admin, set_server},
    {"set weight", "set weight <bk>/<srv>  (DEPRECATED)",
     "change a server's weight (use 'set server' instead)", Level::admin, weight_command},
    {"shutdown frontend", "shutdown frontend <frontend>", "stop a specific frontend", Level::admin,
     frontend_command<FrontendMode::stopped>},
};

}  // namespace

std::span<const CommandRow> server_commands() {
    return rows;
}

}  // namespace pgsteer::admin
