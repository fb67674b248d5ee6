#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

bool has_front(const Proxy& proxy) {
    return proxy.section != in_backend;
}
bool has_back(const Proxy& proxy) {
    return proxy.section != in_frontend;
}

std::string title(const Proxy& proxy) {
    const std::string kind = proxy.section == in_listen     ? "listen"
                             : proxy.section == in_frontend ? "frontend"
                                                            : "backend";
    return kind + " '" + proxy.name + "'";
}

void check_server_names(Draft& draft, const Proxy& proxy) {
    std::unordered_set<std::string_view> names;
    std::unordered_map<std::uint32_t, const Server*> numbers;
    for (const auto& server : proxy.back.servers) {
        const auto complain = [&](const std::string& text) {
            draft.alert(server.at, "'server " + server.name + "' : " + text);
        };
        if (!names.insert(server.name).second) complain("the name is taken in " + title(proxy));
        if (server.id == 0) continue;
        const auto [first, fresh] = numbers.emplace(server.id, &server);
        if (!fresh)
            complain("'id' " + std::to_string(server.id) + " is taken at " +
                     first->second->at.text());
    }
}

void check_names(Draft& draft) {
    std::unordered_set<std::string_view> fronts;
    std::unordered_set<std::string_view> backs;
    for (const auto& proxy : draft.proxies) {
        bool twice = has_front(proxy) && !fronts.insert(proxy.name).second;
        if (has_back(proxy) && !backs.insert(proxy.name).second) twice = true;
        if (twice) draft.alert(proxy.at, title(proxy) + " : the name is taken by a section above");
        check_server_names(draft, proxy);
    }
}

void check_mode(Draft& draft, const Proxy& proxy) {
    if (proxy.http_mode && !has_front(proxy))
        draft.alert(proxy.at, title(proxy) +
                                  " : 'mode http' is not supported: PostgreSQL is "
                                  "not HTTP; use 'mode tcp'");
    else if (proxy.http_mode && !proxy.stats)
        draft.alert(proxy.at, title(proxy) +
                                  " : 'mode http' is for the stats page only; use 'mode "
                                  "tcp', or add 'stats enable'");
    else if (proxy.http_mode && !proxy.back.servers.empty())
        draft.alert(proxy.back.servers[0].at,
                    title(proxy) + " : 'mode http' takes no servers; use 'mode tcp'");
}

void check_target(Draft& draft, const Proxy& proxy) {
    if (!has_front(proxy) || proxy.http_mode) return;
    const auto& name = proxy.front.default_backend;
    if (!name && (!proxy.rules.backends.empty() || proxy.section == in_listen)) return;
    if (name && proxy.section == in_listen && !proxy.back.servers.empty())
        draft.warning(proxy.front.default_backend_at,
                      title(proxy) +
                          " : the 'default_backend' goes before its servers, which "
                          "will never be used");
    if (!name) return draft.alert(proxy.at, title(proxy) + " : has no 'default_backend'; add one");
    const auto found =
        std::find_if(draft.proxies.begin(), draft.proxies.end(),
                     [&](const Proxy& other) { return has_back(other) && other.name == *name; });
    std::vector<std::string_view> names;
    for (const auto& other : draft.proxies)
        if (has_back(other)) names.push_back(other.name);
    if (found == draft.proxies.end())
        draft.alert(proxy.front.default_backend_at,
                    title(proxy) + " : unable to find required default_backend '" + *name + "'" +
                        did_you_mean(*name, names));
    else if (found->http_mode)
        draft.alert(proxy.front.default_backend_at, title(proxy) + " : default_backend '" + *name +
                                                        "' is in mode http; use one in mode tcp");
}

void warn_front(Draft& draft, const Proxy& proxy) {
    if (!has_front(proxy)) return;
    if (proxy.front.binds.empty())
        draft.warning(proxy.at, title(proxy) + " : has no 'bind' line and takes no sessions");
    if (!proxy.http_mode && proxy.stats)
        draft.warning(proxy.at, title(proxy) + " : 'stats' is ignored as it needs 'mode http'");
    if (!proxy.http_mode && proxy.front.client_timeout.count() == 0)
        draft.warning(proxy.at, title(proxy) +
                                    " : has no 'timeout client'; idle clients stay "
                                    "for ever");
}

void warn_back(Draft& draft, const Proxy& proxy) {
    if (!has_back(proxy) || proxy.http_mode) return;
    const auto& servers = proxy.back.servers;
    const bool checked =
        std::any_of(servers.begin(), servers.end(), [](const Server& s) { return s.check; });
    if (proxy.back.dispatch && servers.size() > 1)
        draft.alert(proxy.at, title(proxy) + " : has 'dispatch' and servers; remove one of them");
    if (servers.empty() && !(proxy.section == in_listen && proxy.front.default_backend))
        draft.warning(proxy.at, title(proxy) + " : has no 'server' line");
    else if (proxy.checks.dialect == CheckLines::Dialect::http && !checked && !servers.empty())
        draft.warning(proxy.at,
                      title(proxy) + " : 'option httpchk' is set but no server has 'check'");
    if (proxy.checks.own_http && proxy.checks.dialect != CheckLines::Dialect::http)
        draft.warning(proxy.at, title(proxy) +
                                    " : 'http-check' lines are ignored without 'option "
                                    "httpchk'");
    if (proxy.checks.own_tcp && proxy.checks.dialect != CheckLines::Dialect::tcp)
        draft.warning(proxy.at, title(proxy) +
                                    " : 'tcp-check' lines are ignored without 'option "
                                    "tcp-check'");
    if (proxy.back.connect_timeout.count() == 0)
        draft.warning(proxy.at, title(proxy) + " : has no 'timeout connect'");
    if (proxy.back.server_timeout.count() == 0)
        draft.warning(proxy.at, title(proxy) + " : has no 'timeout server'");
}

// What one `bind` line takes, where another can take it too; empty when only the start can tell.
std::string taken_by(const Bind& bind) {
    const std::string where = bind.interface ? " on " + *bind.interface : "";
    switch (bind.kind) {
        case Bind::Kind::any_ipv4:
            return "*:" + std::to_string(number(bind.endpoint.port)) + where;
        case Bind::Kind::any_ipv6:
            return "[::]:" + std::to_string(number(bind.endpoint.port)) + where;
        case Bind::Kind::endpoint:
            return bind.endpoint.text() + where;
        case Bind::Kind::unix_socket:
            return bind.endpoint.unix_socket->text();
        case Bind::Kind::descriptor:
            return "fd@" + std::to_string(*bind.descriptor);
    }
    return "";
}

// HAProxy would share the address between both: reads and writes mixed by chance.
void check_addresses(Draft& draft) {
    std::unordered_map<std::string, const Bind*> taken;
    const auto check = [&](const Bind& bind) {
        const std::string address = taken_by(bind);
        const auto [first, fresh] = taken.emplace(address, &bind);
        if (!fresh)
            draft.alert(bind.at, "'bind' : cannot bind " + address + ": it is bound at " +
                                     first->second->at.text() + " already");
    };
    for (const Bind& bind : draft.global.stats_sockets)
        check(bind);
    for (const auto& proxy : draft.proxies)
        if (has_front(proxy) && !proxy.disabled)
            std::for_each(proxy.front.binds.begin(), proxy.front.binds.end(), check);
}

// HAProxy's numbers: those that `id` gives, then the lowest free ones in the order of the file,
// where the stats socket has a proxy of its own, the first.
void number_proxies(Draft& draft) {
    std::map<std::uint32_t, const Proxy*> taken;
    for (const Proxy& proxy : draft.proxies) {
        if (proxy.id == 0) continue;
        const auto [first, fresh] = taken.emplace(proxy.id, &proxy);
        if (!fresh)
            draft.alert(proxy.id_at, title(proxy) + " : reuses same custom id as " +
                                         title(*first->second) + " (declared at " +
                                         first->second->at.text() + ")");
    }
    std::uint32_t next = draft.global.stats_sockets.empty() ? 1 : 2;
    for (Proxy& proxy : draft.proxies) {
        if (proxy.id != 0) continue;
        while (taken.contains(next))
            ++next;
        proxy.id = next++;
    }
}

Frontend front_of(Draft& draft, const Proxy& proxy) {
    Frontend front = proxy.front;
    front.id = proxy.id;
    front.name = proxy.name;
    front.at = proxy.at;
    front.disabled = proxy.disabled;
    front.logs = logs_of(draft, proxy);
    front.session_log = session_log_of(draft, proxy);
    front.mode = proxy.http_mode ? Frontend::Mode::http : Frontend::Mode::tcp;
    if (proxy.section == in_listen && !front.default_backend) front.default_backend = proxy.name;
    front.rules = front_rules_of(draft, proxy);
    for (auto& bind : front.binds)
        if (!bind.backlog) bind.backlog = proxy.backlog;
    if (!proxy.http_mode || !proxy.stats) return front;
    front.stats = page_of(draft, proxy);
    return front;
}

// But for its servers: rules of other sections look for them yet.
Backend back_of(Draft& draft, Proxy& proxy) {
    std::vector<Server> servers = std::exchange(proxy.back.servers, {});
    Backend back = proxy.back;
    proxy.back.servers = std::move(servers);
    back.name = proxy.name;
    back.id = proxy.id;
    back.at = proxy.at;
    back.disabled = proxy.disabled;
    back.logs = logs_of(draft, proxy);
    back.rules = back_rules_of(draft, proxy);
    back.sticks = stick_rules_of(draft, proxy);
    back.check = check_of(draft, proxy);
    back.check.external.proxy_id = proxy.id;
    return back;
}

}  // namespace

void resolve(Draft& draft, Config& config) {
    for (auto& target : draft.global.logs)
        settle(target, draft, std::nullopt);
    config.global = draft.global;
    config.userlists = draft.userlists;
    check_names(draft);
    check_addresses(draft);
    number_proxies(draft);
    for (auto& proxy : draft.proxies) {
        if (!proxy.disabled) {
            check_mode(draft, proxy);
            check_target(draft, proxy);
            warn_front(draft, proxy);
            warn_back(draft, proxy);
            settle_web_lines(draft, proxy);
        }
        if (has_front(proxy)) config.frontends.push_back(front_of(draft, proxy));
        if (has_back(proxy)) config.backends.push_back(back_of(draft, proxy));
        if (proxy.table) config.tables.push_back({proxy.name, *proxy.table, proxy.table_at});
    }
    auto back = config.backends.begin();
    for (auto& proxy : draft.proxies)
        if (has_back(proxy)) (back++)->servers = std::move(proxy.back.servers);
    resolve_names(draft, config);
    resolve_server_checks(draft, config);
    resolve_tls(draft, config);
    settle_tables(config);
    const auto warnings = std::count_if(
        draft.diagnostics.begin(), draft.diagnostics.end(),
        [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::warning; });
    if (draft.zero_warning && warnings > 0)
        draft.alert({}, "there are warnings and 'zero-warning' is set");
    if (draft.proxies.empty() && draft.diagnostics.empty())
        draft.alert({}, "no 'listen' or 'frontend' section: nothing to do");
}

}  // namespace pgsteer::config
