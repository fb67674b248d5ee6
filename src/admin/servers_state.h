// The state of every server as HAProxy's server-state files have it (manual, "show servers state"):
// for that command, and for who keeps states over a restart. Pure.
#pragma once

#include <optional>
#include <string>

#include "admin/snapshot.h"

namespace pgsteer::admin {

// Of one backend or all, with the lines that head it.
std::string servers_state(const Snapshot& snapshot, const config::Config& config,
                          const std::optional<std::string>& backend);
// Their connections (`show servers conn`).
std::string servers_connections(const Snapshot& snapshot,
                                const std::optional<std::string>& backend);

}  // namespace pgsteer::admin
