// Handover: listening sockets from one process to the next, over a unix socket, in the format of
// HAProxy's `_getsocks`, so that nobody who calls meanwhile is refused. Blocks, a second at most
// for each message.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "router/listen.h"

namespace pgsteer::router {

// Who asked is at `to`, a connected unix socket. Afterwards it has them, too.
Result<void> send_sockets(int to, const std::vector<HeldSocket>& sockets);

// Those that come from `from`.
Result<std::vector<HeldSocket>> receive_sockets(int from);

// Asks the process whose stats socket is at `path` (`-x`); it has to be `expose-fd listeners`.
Result<std::vector<HeldSocket>> fetch_sockets(const std::string& path);

}  // namespace pgsteer::router
