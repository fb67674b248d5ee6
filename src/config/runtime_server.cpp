// A server line of the runtime API (`add server`), read by the same rows as the file's.
#include <algorithm>

#include "config/keywords.h"
#include "tls/context.h"

namespace pgsteer::config {

Result<Server> parse_server(const Config& config, const Backend& backend, const std::string& name,
                            const std::vector<std::string>& words) {
    Draft draft;
    Proxy proxy;
    proxy.section = in_backend;
    proxy.name = backend.name;
    const Environment nothing = [](const std::string&) { return std::nullopt; };
    Line line{draft,    &proxy, {std::make_shared<const std::string>("runtime API"), 0},
              "server", false,  nothing};
    std::vector<std::string> all{name};
    all.insert(all.end(), words.begin(), words.end());
    for (const Row& row : server_rows())
        if (row.name == "server") row.parse(line, all);
    const auto alert = std::find_if(draft.diagnostics.begin(), draft.diagnostics.end(),
                                    [](const auto& d) { return d.severity == Severity::alert; });
    if (alert != draft.diagnostics.end()) return Error{alert->text};
    Server server = proxy.back.servers.front();
    server.maxconn = std::max(server.maxconn, server.minconn);
    if (server.minconn == 0) server.minconn = server.maxconn;
    tls::Contexts contexts;
    if (auto settled = settle_tls(config.global, backend, server, contexts); !settled)
        return settled.error();
    if (!server.origin.has_source()) {
        const std::string network = server.origin.network;
        server.origin = backend.origin;
        server.origin.network = network;
    }
    if (!server.naming.resolvers.empty())
        return Error{"'resolvers' cannot be used for a server that is added"};
    if (!server.track.empty()) return Error{"'track' cannot be used for a server that is added"};
    return server;
}

}  // namespace pgsteer::config
