#include "health/verdict.h"

namespace pgsteer::health {

Decision decide(const Axes& axes) {
    using routing::Cause;
    if (axes.maintenance) return {false, Cause::maintenance, false};
    if (!axes.checks) return {true, Cause::no_check, false};
    switch (*axes.checks) {
        case Verdict::never_judged:
            return {false, Cause::never_judged, false};
        case Verdict::up:
            return {true, Cause::up, false};
        case Verdict::down:
            return {false, Cause::check_failed, axes.cut_when_down};
    }
    return {};
}

}  // namespace pgsteer::health
