#include "health/server_state.h"

namespace pgsteer::health {

ServerState::ServerState(const config::Server& server_config, const config::Backend& backend_config)
    : config(&server_config),
      backend(&backend_config),
      rise_fall(server_config),
      judge(backend_config.check) {}

Decision decide(const ServerState& server) {
    using routing::Cause;
    if (server.config->disabled) return {false, Cause::maintenance};
    if (!server.config->check) return {true, Cause::no_check};
    switch (server.rise_fall.verdict()) {
        case Verdict::never_judged:
            return {false, Cause::never_judged};
        case Verdict::down:
            return {false, Cause::check_failed};
        case Verdict::up:
            return {true, Cause::up};
    }
    return {false, Cause::never_judged};
}

std::string_view word(Role role) {
    switch (role) {
        case Role::primary:
            return "primary";
        case Role::standby:
            return "standby";
        case Role::unknown:
            break;
    }
    return "unknown";
}

}  // namespace pgsteer::health
