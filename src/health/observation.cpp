#include "health/observation.h"

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

}  // namespace pgsteer::health
