#include "health/server_state.h"

namespace pgsteer::health {

ServerState::ServerState(const config::Server& server_config, const config::Backend& backend_config)
    : config(&server_config),
      backend(&backend_config),
      rise_fall(server_config),
      judge(backend_config.check) {}

Axes ServerState::axes() const {
    Axes axes;
    axes.maintenance = maintenance();
    if (config->check) axes.checks = rise_fall.verdict();
    axes.cut_when_down = config->cut_when_down;
    return axes;
}

std::string ServerState::text() const {
    if (maintenance()) return "MAINT";
    return config->check ? rise_fall.text() : "no check";
}

}  // namespace pgsteer::health
