#include "health/verdict.h"

namespace pgsteer::health {

Decision decide(const Axes& axes) {
    using routing::Cause;
    constexpr bool no = false;
    constexpr bool cut = true;
    constexpr bool stay = false;
    if (axes.maintenance) return {no, Cause::maintenance, stay};
    if (axes.unresolved) return {no, Cause::unresolved, axes.cut_when_down};
    if (!axes.checks && axes.agent_down) return {no, Cause::check_failed, axes.cut_when_down};
    if (!axes.checks && axes.draining) return {no, Cause::draining, stay};
    if (!axes.checks) return {true, Cause::no_check, stay};
    if (axes.standing == Standing::old_timeline) return {no, Cause::old_timeline, cut};
    if (axes.standing == Standing::other_system) return {no, Cause::other_system, cut};
    if (axes.standing == Standing::two_primaries) return {no, Cause::two_primaries, cut};
    if (*axes.checks == Verdict::never_judged) return {no, Cause::never_judged, stay};
    if (*axes.checks == Verdict::down || axes.agent_down)
        return {no, Cause::check_failed, axes.cut_when_down};
    if (axes.draining) return {no, Cause::draining, stay};
    if (axes.standing == Standing::awaited) return {no, Cause::election_open, stay};
    if (axes.unreachable) return {no, Cause::unreachable, stay};
    if (axes.standing == Standing::behind) return {no, Cause::behind, stay};
    if (axes.silent) return {no, Cause::silent, stay};
    if (axes.lagging) return {no, Cause::lagging, stay};
    return {true, Cause::up, stay};
}

}  // namespace pgsteer::health
