// States: what servers were before the start, from the files that `load-server-state-from-file`
// names. Called once, before the first check; blocks while it reads.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "health/cluster.h"
#include "health/saved_state.h"
#include "router/names.h"

namespace pgsteer::router {

struct SavedStates {
    struct File {
        std::vector<health::SavedServer> servers;  // of the backends that read it
        Duration age{};
    };
    std::vector<File> files;
    // With the files, a line each; their servers are judged anew then, as without them.
    std::vector<std::string> wrong;
};

SavedStates read_states(const config::Config& config);
// For `init-addr last`: of those that go by the name they had, as another is another machine's.
LastAddresses last_addresses(const SavedStates& saved, const health::Cluster& cluster);
// When the servers have their addresses.
void restore_states(const SavedStates& saved, health::Cluster& cluster, TimePoint now);

}  // namespace pgsteer::router
