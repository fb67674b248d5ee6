#include <algorithm>
#include <set>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

const Server* find_server(const Config& config, std::string_view path) {
    const auto slash = path.find('/');
    for (const Backend& backend : config.backends)
        for (const Server& server : backend.servers)
            if (backend.name == path.substr(0, slash) && server.name == path.substr(slash + 1))
                return &server;
    return nullptr;
}

std::string title(const Server& server) {
    return "'server " + server.name + "' : ";
}

void check_agent(Draft& draft, const Server& server) {
    if (server.agent.enabled && !server.agent.port)
        draft.alert(server.at, title(server) + "'agent-check' needs an 'agent-port'");
    if (server.observe.connects && !server.check)
        draft.alert(server.at, title(server) + "'observe' needs 'check'");
}

// As HAProxy's check_config_validity: one of the two stands for both.
void settle_limits(Server& server) {
    if (server.minconn > server.maxconn)
        server.maxconn = server.minconn;
    else if (server.minconn == 0)
        server.minconn = server.maxconn;
}

// A server's own `source` counts before its section's; the namespace is the server's alone.
void settle_origin(const Backend& backend, Server& server) {
    if (server.origin.has_source()) return;
    const std::string network = std::move(server.origin.network);
    server.origin = backend.origin;
    server.origin.network = network;
}

// Along the chain to a server that is checked itself.
void check_track(Draft& draft, const Config& config, const Server& server) {
    if (server.check || server.agent.enabled)
        return draft.alert(server.at, title(server) +
                                          "'track' follows another server's checks; remove it, or "
                                          "'check' and 'agent-check'");
    std::set<const Server*> seen{&server};
    const Server* at = &server;
    while (!at->track.empty()) {
        const Server* const next = find_server(config, at->track);
        if (next == nullptr)
            return draft.alert(server.at,
                               title(server) + "'track' : there is no server '" + at->track + "'");
        if (!seen.insert(next).second)
            return draft.alert(server.at, title(server) + "'track' goes round in a circle");
        at = next;
    }
    if (!at->check && !at->agent.enabled)
        draft.alert(server.at, title(server) + "'track' : '" + server.track + "' has no check");
}

}  // namespace

void resolve_server_checks(Draft& draft, Config& config) {
    for (Backend& backend : config.backends)
        for (Server& server : backend.servers) {
            if (!server.track.empty() && server.track.find('/') == std::string::npos)
                server.track = backend.name + "/" + server.track;
            check_agent(draft, server);
            settle_limits(server);
            settle_origin(backend, server);
        }
    for (const Backend& backend : config.backends) {
        const bool external = backend.check.kind == Check::Kind::external;
        if (external && !config.global.external_check)
            draft.alert(backend.at, "backend '" + backend.name +
                                        "' : 'option external-check' needs 'external-check' in "
                                        "the global section");
        if (external && backend.check.external.command.empty())
            draft.alert(backend.at, "backend '" + backend.name +
                                        "' : 'option external-check' needs an 'external-check "
                                        "command'");
        for (const Server& server : backend.servers)
            if (!server.track.empty()) check_track(draft, config, server);
    }
}

}  // namespace pgsteer::config
