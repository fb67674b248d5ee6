// Options of `server` about checks that are more than a plain connect: agents, what failed
// sessions tell, and servers that follow another's checks.
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
using Text = const std::string&;

template <auto part, auto field, bool value>
void set(Line&, Server& server, Text) {
    (server.*part).*field = value;
}
template <auto part, auto field>
void set_text(Line&, Server& server, Text text) {
    (server.*part).*field = text;
}
template <auto field>
void set_text(Line&, Server& server, Text text) {
    server.*field = text;
}
template <auto field, bool value>
void set_flag(Line&, Server& server, Text) {
    server.*field = value;
}

void agent_port(Line& line, Server& server, Text text) {
    if (auto value = line.count(text, 1, 65535))
        server.agent.port = Port{static_cast<std::uint16_t>(*value)};
}

void agent_address(Line& line, Server& server, Text text) {
    const auto endpoint = parse_endpoint(expand_variables(text, line.environment));
    if (!endpoint) return line.alert(endpoint.error().text);
    if (endpoint->unix_socket) return line.alert("must be a host or an IP address");
    server.agent.address = endpoint->host;
}

void agent_inter(Line& line, Server& server, Text text) {
    const auto value = line.time(text);
    if (!value) return;
    if (value->count() == 0) return line.alert("must be above 0");
    server.agent.inter = *value;
}

void observe(Line& line, Server& server, Text text) {
    if (text == "layer7") return line.alert("'layer7' is for HTTP; use 'layer4'");
    if (text != "none" && text != "layer4")
        return line.alert("expects 'none' or 'layer4' but got '" + text + "'");
    server.observe.connects = text == "layer4";
}

void error_limit(Line& line, Server& server, Text text) {
    if (auto value = line.count(text, 1, 1'000'000)) server.observe.limit = *value;
}

void on_error(Line& line, Server& server, Text text) {
    using Action = Observe::Action;
    constexpr std::pair<std::string_view, Action> actions[] = {
        {"fastinter", Action::fast_inter},
        {"fail-check", Action::fail_check},
        {"sudden-death", Action::sudden_death},
        {"mark-down", Action::mark_down},
    };
    for (const auto& [name, action] : actions)
        if (name == text) {
            server.observe.action = action;
            return;
        }
    line.alert("expects 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '" + text +
               "'");
}

constexpr std::string_view remove_it = "remove it";
constexpr auto agent = &Server::agent;

constexpr OptionRow<Server> options[] = {
    {"check-send-proxy", 0, honoured, set_flag<&Server::check_send_proxy, true>,
     "checks begin with a PROXY line"},
    {"no-check-send-proxy", 0, honoured, set_flag<&Server::check_send_proxy, false>,
     "undo check-send-proxy"},
    {"agent-check", 0, honoured, set<agent, &AgentCheck::enabled, true>,
     "ask an agent too: up, down, fail, stopped, ready, drain, maint, N%, maxconn:N"},
    {"no-agent-check", 0, honoured, set<agent, &AgentCheck::enabled, false>, "undo agent-check"},
    {"agent-port", 1, honoured, agent_port, "its port"},
    {"agent-addr", 1, honoured, agent_address, "its address; else the server's"},
    {"agent-inter", 1, honoured, agent_inter, "time between questions; else inter"},
    {"agent-send", 1, honoured, set_text<agent, &AgentCheck::send>, "what is said to it first"},
    {"track", 1, honoured, set_text<&Server::track>, "follow the checks of [BACKEND/]SERVER"},
    {"observe", 1, honoured, observe, "layer4: count failed connects of sessions"},
    {"error-limit", 1, honoured, error_limit, "so many in a row count; 10"},
    {"on-error", 1, honoured, on_error, "then: fastinter, fail-check, sudden-death or mark-down"},
    refused_option<Server>("check-via-socks4", 0, "there is no SOCKS proxy", remove_it),
};

}  // namespace

std::span<const OptionRow<Server>> server_check_options() {
    return options;
}

}  // namespace pgsteer::config
