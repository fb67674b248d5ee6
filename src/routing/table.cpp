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
    }
    return "unknown";
}

}  // namespace pgsteer::routing
