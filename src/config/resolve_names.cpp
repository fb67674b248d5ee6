// Who resolves which server's name, and who shares what is found.
#include <algorithm>
#include <map>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

std::string title(const Server& server) {
    return "'server " + server.name + "' : ";
}

bool needs_resolving(const Server& server) {
    return !server.endpoint.unix_socket &&
           !Address::from_literal(server.endpoint.host, Port{0}).has_value();
}

// As HAProxy 2.6, which has a section of that name unless the file does.
void add_default(Config& config) {
    constexpr std::string_view name = "default";
    const auto has = [&](const Resolvers& section) { return section.name == name; };
    if (std::any_of(config.resolvers.begin(), config.resolvers.end(), has)) return;
    Resolvers& section = config.resolvers.emplace_back();
    section.name = name;
    section.system_file = true;
}

void check_sections(Draft& draft) {
    std::map<std::string, const Resolvers*> seen;
    for (const Resolvers& section : draft.resolvers) {
        const auto [same, fresh] = seen.emplace(section.name, &section);
        if (!fresh)
            draft.alert(section.at, "resolvers '" + section.name + "' : the name is taken at " +
                                        same->second->at.text());
        if (section.nameservers.empty() && !section.system_file)
            draft.warning(section.at,
                          "resolvers '" + section.name + "' : has no 'nameserver' line");
    }
}

void check_server(Draft& draft, const Config& config, const Server& server) {
    const std::string& wanted = server.naming.resolvers;
    const bool found = std::any_of(config.resolvers.begin(), config.resolvers.end(),
                                   [&](const auto& section) { return section.name == wanted; });
    std::vector<std::string_view> names;
    for (const Resolvers& section : config.resolvers)
        names.push_back(section.name);
    if (!wanted.empty() && !found)
        draft.alert(server.at, title(server) + "there is no resolvers section '" + wanted + "'" +
                                   did_you_mean(wanted, names));
    if (wanted.empty() && needs_resolving(server) && is_service(server.endpoint.host))
        draft.alert(server.at, title(server) + "'" + server.endpoint.host +
                                   "' names a service, which name servers alone can resolve; add "
                                   "'resolvers SECTION'");
}

void share_out(Backend& backend) {
    std::map<std::string, std::size_t> members;
    for (Server& server : backend.servers) {
        if (!needs_resolving(server) || server.naming.resolvers.empty()) continue;
        server.naming.key = naming_key(server.endpoint.host, server.naming);
        server.naming.number = members[server.naming.key]++;
    }
    for (Server& server : backend.servers) {
        Naming& naming = server.naming;
        if (naming.key.empty()) continue;
        // One service is one server, also where a single line asks for it.
        naming.shared = members[naming.key] > 1 || is_service(server.endpoint.host);
        naming.place =
            naming.shared ? naming.key + "#" + std::to_string(naming.number + 1) : naming.key;
    }
}

}  // namespace

void resolve_names(Draft& draft, Config& config) {
    check_sections(draft);
    config.resolvers = draft.resolvers;
    add_default(config);
    for (Backend& backend : config.backends) {
        for (const Server& server : backend.servers)
            check_server(draft, config, server);
        share_out(backend);
    }
}

}  // namespace pgsteer::config
