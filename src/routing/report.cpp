#include "routing/report.h"

namespace pgsteer::routing {

std::string_view word(EndReason reason) {
    switch (reason) {
        case EndReason::client_closed:
            return "client-closed";
        case EndReason::server_closed:
            return "server-closed";
        case EndReason::client_reset:
            return "client-reset";
        case EndReason::server_reset:
            return "server-reset";
        case EndReason::client_timeout:
            return "client-timeout";
        case EndReason::server_timeout:
            return "server-timeout";
        case EndReason::client_left:
            return "client-left";
        case EndReason::no_server:
            return "no-server";
        case EndReason::connect_failed:
            return "connect-failed";
        case EndReason::cut:
            return "cut";
        case EndReason::shutdown:
            return "shutdown";
        case EndReason::resources:
            return "resources";
    }
    return "unknown";
}

TerminationState termination_state(EndReason reason, Phase phase) {
    switch (reason) {
        case EndReason::client_closed:
        case EndReason::server_closed:
            return {'-', '-'};
        case EndReason::client_reset:
            return {'C', 'D'};
        case EndReason::server_reset:
            return {'S', 'D'};
        case EndReason::client_timeout:
            return {'c', 'D'};
        case EndReason::server_timeout:
            return {'s', 'D'};
        case EndReason::client_left:
            return {'C', phase == Phase::queue ? 'Q' : 'C'};
        case EndReason::no_server:
            return {'s', 'Q'};
        case EndReason::connect_failed:
            return {'S', 'C'};
        case EndReason::cut:
            return {'D', 'D'};
        case EndReason::shutdown:
            return {'K', 'D'};
        case EndReason::resources:
            return {'R', 'C'};
    }
    return {};
}

}  // namespace pgsteer::routing
