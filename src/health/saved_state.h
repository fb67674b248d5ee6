// SavedState: what servers were before the start, as `show servers state` wrote it (HAProxy's
// version 1). Reading is pure; applying it is Cluster::restore(). Control thread, at start.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"

namespace pgsteer::health {

struct SavedServer {
    std::string backend, name;
    std::string address;  // "-": none
    Port port{0};
    enum class Operation : std::uint8_t { stopped, starting, running, stopping };
    Operation operation = Operation::stopped;
    bool forced_maintenance = false, forced_drain = false;  // by an operator
    bool disabled_by_file = false;                          // whatever an operator said
    std::uint32_t weight = 1;                               // as an operator or an agent left it
    std::uint32_t weight_of_file = 1;                       // then
    seconds since_change{0};
    std::string fqdn;  // "-": none
    friend bool operator==(const SavedServer&, const SavedServer&) = default;
};

// Lines that are none are left out. Error: it is not a file of version 1.
Result<std::vector<SavedServer>> read_saved_state(std::string_view text);

}  // namespace pgsteer::health
