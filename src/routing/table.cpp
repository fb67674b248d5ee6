#include "routing/table.h"

namespace pgsteer::routing {

std::string_view word(Cause cause) {
    switch (cause) {
        case Cause::never_judged:
            return "never-judged";
        case Cause::up:
            return "up";
        case Cause::no_check:
            return "no-check";
        case Cause::check_failed:
            return "check-failed";
        case Cause::maintenance:
            return "maintenance";
        case Cause::unresolved:
            return "unresolved";
        case Cause::old_timeline:
            return "old-timeline";
        case Cause::other_system:
            return "other-system";
        case Cause::two_primaries:
            return "two-primaries";
        case Cause::election_open:
            return "election-open";
        case Cause::behind:
            return "behind";
        case Cause::silent:
            return "silent";
        case Cause::unreachable:
            return "unreachable";
        case Cause::draining:
            return "draining";
        case Cause::lagging:
            return "lagging";
    }
    return "unknown";
}

}  // namespace pgsteer::routing
