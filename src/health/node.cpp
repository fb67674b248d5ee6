#include "health/node.h"

namespace pgsteer::health {

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

std::string_view word(Doubt doubt) {
    switch (doubt) {
        case Doubt::none:
            return "none";
        case Doubt::gone:
            return "gone";
        case Doubt::silent:
            return "silent";
        case Doubt::refused:
            return "refused";
    }
    return "silent";
}

bool same_standing(const NodeState& a, const NodeState& b) {
    return a.role == b.role && a.doubt == b.doubt && a.reason == b.reason &&
           a.timeline == b.timeline && a.system == b.system && a.streaming == b.streaming &&
           a.read_only == b.read_only;
}

}  // namespace pgsteer::health
