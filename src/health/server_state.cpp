#include "health/server_state.h"

#include <algorithm>

#include "health/check_text.h"

namespace pgsteer::health {

ServerState::ServerState(const config::Server& server_config, const config::Backend& backend_config)
    : config(&server_config),
      backend(&backend_config),
      rise_fall(server_config),
      judge(check_for(backend_config, server_config)) {}

Axes ServerState::axes() const {
    using Admin = AgentReply::Admin;
    Axes axes;
    if (tracked != nullptr) {
        axes = tracked->axes();
        axes.lagging = false;
    }
    axes.maintenance = axes.maintenance || maintenance() || agent.admin == Admin::maintenance;
    axes.agent_down = axes.agent_down || agent.down;
    axes.draining = axes.draining || agent.admin == Admin::drain ||
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
    const std::uint64_t percent = agent.weight_percent.value_or(100);
    return static_cast<std::uint32_t>(std::min(config->weight * percent / 100, most));
}

std::uint32_t ServerState::maxconn() const {
    return agent.maxconn.value_or(config->maxconn);
}

Candidate ServerState::candidate() const {
    const bool judged = rise_fall.verdict() != Verdict::never_judged;
    return {asked(), judged, rise_fall.verdict() == Verdict::up, vote, addresses};
}

bool ServerState::may_be_vouched_for() const {
    return node && node->role != Role::unknown &&
           !(node->role == Role::standby && backend->max_lag.given());
}

std::string ServerState::text() const {
    if (decided.cause == routing::Cause::maintenance) return "MAINT";
    if (agent.down) return "DOWN (agent)";
    if (decided.cause == routing::Cause::draining) return last.conditional ? "NOLB" : "DRAIN";
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
