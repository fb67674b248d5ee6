// States: what servers were before the start, from the files that `load-server-state-from-file`
// names. Called once, before the first check; blocks while it reads.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "health/cluster.h"

namespace pgsteer::router {

// What is wrong with the files, a line each; the servers are judged anew then, as without them.
std::vector<std::string> restore_states(const config::Config& config, health::Cluster& cluster,
                                        TimePoint now);

}  // namespace pgsteer::router
