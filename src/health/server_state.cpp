#include "health/server_state.h"

#include "health/check_text.h"

namespace pgsteer::health {

ServerState::ServerState(const config::Server& server_config, const config::Backend& backend_config)
    : config(&server_config),
      backend(&backend_config),
      rise_fall(server_config),
      judge(check_for(backend_config, server_config)) {}

Axes ServerState::axes() const {
    Axes axes;
    axes.maintenance = maintenance();
    if (config->check) axes.checks = rise_fall.verdict();
    axes.cut_when_down = config->cut_when_down;
    axes.standing = standing;
    axes.unreachable = unreachable;
    axes.silent = node && node->role == Role::unknown && node->doubt == Doubt::silent;
    axes.lagging = share == 0;
    return axes;
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
    if (maintenance()) return "MAINT";
    if (!config->check) return "no check";
    if (lost()) return rise_fall.text();
    if (routing::is_fenced(decided.cause)) return "FENCED";
    if (decided.cause == routing::Cause::behind || decided.cause == routing::Cause::lagging)
        return "LAGGING";
    if (decided.cause == routing::Cause::unreachable || decided.cause == routing::Cause::silent)
        return "DOWN";
    return rise_fall.text();
}

}  // namespace pgsteer::health
