// Look: asks the status answerers of some nodes once and judges them together as a router would,
// without being one: no listener, no session. For `pgsteer status --agent`. Blocks until all have
// answered or the time is over.
#pragma once

#include <string>
#include <vector>

#include "admin/snapshot.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"

namespace pgsteer::router {

// An error names the node whose host cannot be resolved. A node that does not answer is none: it is
// in the snapshot, with the reason.
Result<admin::Snapshot> look(const std::vector<config::Endpoint>& answerers, milliseconds timeout);

}  // namespace pgsteer::router
