#include "routing/report.h"

namespace pgsteer::routing {
namespace {

char letter(Phase phase) {
    switch (phase) {
        case Phase::request:
            return 'R';
        case Phase::queue:
            return 'Q';
        case Phase::connect:
            return 'C';
        case Phase::data:
            return 'D';
        case Phase::last:
            return 'L';
    }
    return '-';
}

// Of a session that somebody ended: HAProxy shows no phase once data flowed.
char letter_when_ended(Phase phase) {
    return phase == Phase::data || phase == Phase::last ? '-' : letter(phase);
}

}  // namespace

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
        case EndReason::connect_timeout:
            return "connect-timeout";
        case EndReason::cut:
            return "cut";
        case EndReason::superseded:
            return "superseded";
        case EndReason::killed:
            return "killed";
        case EndReason::no_backend:
            return "no-backend";
        case EndReason::rejected:
            return "rejected";
        case EndReason::tls_failed:
            return "tls-failed";
        case EndReason::no_proxy_header:
            return "no-proxy-header";
        case EndReason::shutdown:
            return "shutdown";
        case EndReason::resources:
            return "resources";
    }
    return "unknown";
}

// The manual's letters (8.5): C/S client or server aborted, c/s its timeout, D killed because the
// server went down, U a backup's when
// others came back, K killed by the operator, R out of resources; then the phase.
TerminationState termination_state(EndReason reason, Phase phase) {
    switch (reason) {
        case EndReason::client_closed:
        case EndReason::server_closed:
            return {'-', '-'};
        case EndReason::client_reset:
            return {'C', letter(phase)};
        case EndReason::client_left:
            return {'C', phase == Phase::data || phase == Phase::last ? 'Q' : letter(phase)};
        case EndReason::server_reset:
            return {'S', letter(phase)};
        case EndReason::client_timeout:
            return {'c', letter(phase)};
        case EndReason::server_timeout:
            return {'s', letter(phase)};
        case EndReason::no_server:
            return phase == Phase::connect ? TerminationState{'S', 'C'}
                                           : TerminationState{'s', 'Q'};
        case EndReason::connect_failed:
        case EndReason::no_backend:
            return {'S', 'C'};
        case EndReason::connect_timeout:
            return {'s', 'C'};
        case EndReason::cut:
            return {'D', letter_when_ended(phase)};
        case EndReason::superseded:
            return {'U', letter_when_ended(phase)};
        case EndReason::rejected:
        case EndReason::tls_failed:
        case EndReason::no_proxy_header:
            return {'P', 'R'};
        case EndReason::killed:
        case EndReason::shutdown:
            return {'K', letter_when_ended(phase)};
        case EndReason::resources:
            return {'R', 'C'};
    }
    return {};
}

}  // namespace pgsteer::routing
