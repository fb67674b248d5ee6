#include "health/server_state.h"

#include <algorithm>

#include "health/check_text.h"

namespace pgsteer::health {

ServerState::ServerState(std::shared_ptr<const config::Server> its_line,
                         std::shared_ptr<const config::Backend> its_backend)
    : config(std::move(its_line)),
      backend(std::move(its_backend)),
      rise_fall(*config),
      judge(check_for(*backend, *config)) {}

void ServerState::follow(std::shared_ptr<const config::Server> its_line,
                         std::shared_ptr<const config::Backend> its_backend) {
    const RiseFall before = rise_fall;
    config = std::move(its_line);
    backend = std::move(its_backend);
    rise_fall = RiseFall(*config);
    rise_fall.continue_from(before);
    judge = Judge(check_for(*backend, *config));
}

bool ServerState::maintenance() const {
    if (backend->disabled || removed) return true;
    return admin.mode ? *admin.mode == AdminMode::maintenance : config->disabled;
}

config::Server ServerState::line_with_orders() const {
    config::Server line = *config;
    if (admin.fqdn) {
        line.endpoint.host = *admin.fqdn;
        line.naming.place = config::naming_key(*admin.fqdn, line.naming);
    }
    if (admin.address) line.naming.place.clear();
    if (admin.address && admin.address->is_ip()) line.endpoint.host = admin.address->host();
    if (admin.address && admin.address->is_ip()) line.endpoint.port = admin.address->port();
    if (admin.port) line.endpoint.port = *admin.port;
    if (admin.check_address) line.check_address = admin.check_address;
    if (admin.check_port) line.check_port = admin.check_port;
    if (admin.agent_address) line.agent.address = *admin.agent_address;
    if (admin.agent_port) line.agent.port = admin.agent_port;
    if (admin.agent_send) line.agent.send = *admin.agent_send;
    return line;
}

std::vector<Address> ServerState::session_addresses() const {
    if (admin.address) return {*admin.address};
    std::vector<Address> found = addresses;
    if (admin.port)
        for (Address& address : found)
            address = address.with_port(*admin.port);
    return found;
}

void ServerState::forget() {
    rise_fall.forget();
    vote.reset();
    node.reset();
    heard = false;
    vouched_for = false;
    last = {};
    agent = {};
}

Axes ServerState::axes() const {
    using Admin = AgentReply::Admin;
    Axes axes;
    if (tracked != nullptr) {
        axes = tracked->axes();
        axes.lagging = false;
    }
    axes.maintenance = axes.maintenance || maintenance() || agent.admin == Admin::maintenance;
    axes.unresolved = axes.unresolved || (unresolved && !admin.address);
    axes.agent_down = axes.agent_down || agent.down;
    axes.draining = axes.draining || agent.admin == Admin::drain ||
                    admin.mode == AdminMode::drain ||
                    (rise_fall.verdict() == Verdict::up && last.conditional);
    if (config->check) axes.checks = rise_fall.verdict();
    axes.cut_when_down = config->cut_when_down;
    if (tracked == nullptr) axes.standing = standing;
    axes.unreachable = unreachable;
    axes.silent =
        axes.silent || (node && node->role == Role::unknown && node->doubt == Doubt::silent);
    axes.lagging = share == 0;
    return axes;
}

std::uint32_t ServerState::weight() const {
    constexpr std::uint64_t most = 256;  // HAProxy's
    if (admin.weight) return *admin.weight;
    const std::uint64_t percent = agent.weight_percent.value_or(100);
    return static_cast<std::uint32_t>(
        std::min(dns_weight.value_or(config->weight) * percent / 100, most));
}

std::uint32_t ServerState::maxconn() const {
    return admin.maxconn.value_or(agent.maxconn.value_or(config->maxconn));
}

Candidate ServerState::candidate() const {
    const bool judged = rise_fall.verdict() != Verdict::never_judged;
    return {asked(), judged, rise_fall.verdict() == Verdict::up, vote, session_addresses()};
}

bool ServerState::may_be_vouched_for() const {
    return node && node->role != Role::unknown &&
           !(node->role == Role::standby && backend->max_lag.given());
}

// As HAProxy's stats_fill_sv_stats has it: whoever has an agent seems to drain by it.
static std::string draining_text(const ServerState& server) {
    const bool has_agent = server.config->agent.enabled && !server.admin.agent_paused;
    if (!server.last.conditional && has_agent) return "DRAIN (agent)";
    const std::string checks = server.rise_fall.text();
    const std::string count = checks.starts_with("UP") ? checks.substr(2) : "";
    return (server.last.conditional ? "NOLB" : "DRAIN") + count;
}

std::string ServerState::text() const {
    if (decided.cause == routing::Cause::maintenance) return "MAINT";
    if (decided.cause == routing::Cause::unresolved) return "MAINT (resolution)";
    if (agent.down) return "DOWN (agent)";
    if (decided.cause == routing::Cause::draining) return draining_text(*this);
    if (tracked != nullptr) return tracked->text();
    if (!config->check) return config->agent.enabled ? "UP" : "no check";
    if (lost()) return rise_fall.text();
    if (routing::is_fenced(decided.cause)) return "FENCED";
    if (decided.cause == routing::Cause::behind || decided.cause == routing::Cause::lagging)
        return "LAGGING";
    if (decided.cause == routing::Cause::unreachable || decided.cause == routing::Cause::silent)
        return "DOWN";
    return rise_fall.text();
}

}  // namespace pgsteer::health
