// What a service does not say: from the defaults, from /etc/services, or missing.
#include <algorithm>

#include "config/xinetd_rows.h"

namespace pgsteer::config {
namespace {

constexpr std::string_view internal_names[] = {"echo", "discard", "chargen", "daytime", "time"};

void fill_from(const InetEntry& defaults, InetEntry& entry) {
    const InetService& from = defaults.service;
    InetService& to = entry.service;
    const auto lacks = [&](const char* attribute) {
        return defaults.given.contains(attribute) && !entry.given.contains(attribute);
    };
    if (lacks("instances")) to.instances = from.instances;
    if (lacks("umask")) to.umask = from.umask;
    if (lacks("per_source")) to.per_source = from.per_source;
    if (lacks("groups")) to.groups = from.groups;
    if (lacks("max_load")) to.max_load = from.max_load;
    if (lacks("bind")) to.bind = from.bind;
    if (lacks("v6only")) to.v6only = from.v6only;
    if (lacks("log_type")) to.log = from.log;
    if (lacks("pgsteer_timeout")) to.timeout = from.timeout;
    if (lacks("pgsteer_share")) to.share = from.share;
    if (lacks("cps")) {
        to.cps_most = from.cps_most;
        to.cps_pause = from.cps_pause;
        to.cps_given = true;
    }
}

std::vector<std::string> missing(const InetEntry& entry) {
    const InetService& service = entry.service;
    std::vector<std::string> names;
    const auto want = [&](const char* name) {
        if (!entry.given.contains(name)) names.emplace_back(name);
    };
    if (!entry.given.contains("protocol")) want("socket_type");
    want("wait");
    const bool runs_a_server = !service.internal && !service.redirect && service.answer.empty();
    if (!service.internal && service.answer.empty()) want("user");
    if (runs_a_server) want("server");
    if (service.unlisted) want("port");
    return names;
}

void find_port(InetDraft& draft, InetEntry& entry) {
    InetService& service = entry.service;
    const auto listed = draft.names.port(service.name);
    if (!service.port && listed) service.port = listed;
    if (!service.port) {
        draft.report.alert(service.at, "service " + service.name +
                                           " : no port, and /etc/services does not list '" +
                                           service.name + "'; say port, and type = UNLISTED");
        entry.broken = true;
    } else if (!service.unlisted && listed && listed != service.port) {
        draft.report.alert(service.at, "service " + service.name + " : port " +
                                           std::to_string(*service.port) +
                                           " is not that of /etc/services, " +
                                           std::to_string(*listed) + "; say type = UNLISTED");
        entry.broken = true;
    } else if (!service.unlisted && !listed) {
        draft.report.alert(
            service.at, "service " + service.name + " : not in /etc/services; say type = UNLISTED");
        entry.broken = true;
    }
}

void settle_server(InetDraft& draft, InetEntry& entry) {
    InetService& service = entry.service;
    const auto alert = [&](const std::string& text) {
        draft.report.alert(service.at, "service " + service.name + " : " + text);
        entry.broken = true;
    };
    if (service.internal) {
        const auto* found =
            std::find(std::begin(internal_names), std::end(internal_names), service.name);
        if (found == std::end(internal_names))
            return alert(
                "no such internal service; these are echo, discard, chargen, daytime, time");
        service.builtin = static_cast<Builtin>(found - std::begin(internal_names) + 1);
    }
    if (service.name_in_args && service.server_args.empty())
        alert("flag NAMEINARGS needs server_args");
    if (service.share && (service.internal || service.redirect || !service.answer.empty()))
        alert("pgsteer_share needs a server whose answer can be shared");
    if (service.answer.empty() && !service.conninfo.empty())
        alert("pgsteer_conninfo needs pgsteer_answer = pgsql-status");
}

// xinetd's trap: more routers, or a router with many backends, and the service goes off.
void warn_of_cps(InetDraft& draft, const InetService& service) {
    if (service.cps_given || !service.answer.empty() || service.internal) return;
    draft.report.report(
        Severity::notice, service.at,
        "service " + service.name + " : has no cps, so xinetd's default counts: after more than " +
            std::to_string(service.cps_most) + " connections a second it is off for " +
            std::to_string(service.cps_pause.count()) +
            " s, and routers take the node for dead; 'cps = 0 0' lifts the limit");
}

}  // namespace

InetConfig resolve_inet(InetDraft& draft) {
    InetConfig config;
    const InetEntry& defaults = draft.defaults;
    std::set<std::string> ids;
    for (InetEntry& entry : draft.services) {
        InetService& service = entry.service;
        fill_from(defaults, entry);
        const bool left_out = defaults.enabled && !defaults.enabled->contains(service.id);
        if (service.disable || left_out || defaults.disabled.contains(service.id)) {
            config.off.push_back(service.id);
            continue;
        }
        if (!ids.insert(service.id).second) {
            draft.report.alert(service.at, "service " + service.name + " : the id '" + service.id +
                                               "' is taken; give it an id of its own");
            continue;
        }
        for (const std::string& reason : entry.not_ours) {
            draft.report.alert(service.at, "service " + service.name + " : " + reason);
            entry.broken = true;
        }
        if (entry.broken) continue;
        for (const std::string& name : missing(entry)) {
            draft.report.alert(service.at,
                               "service " + service.name + " : missing attribute " + name);
            entry.broken = true;
        }
        if (entry.broken) continue;
        find_port(draft, entry);
        settle_server(draft, entry);
        if (entry.broken) continue;
        warn_of_cps(draft, service);
        config.services.push_back(service);
    }
    return config;
}

}  // namespace pgsteer::config
