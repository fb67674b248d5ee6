// How many sessions a server may have at this moment: `maxconn`, less while its backend has little
// to do (`minconn`, `fullconn`) and while it has just come back (`slowstart`). Pure but for the
// shared counter it reads. Any worker.
#pragma once

#include "routing/table.h"

namespace pgsteer::routing {

// HAProxy's srv_dynamic_maxconn (src/queue.c); `load`: sessions of the backend, waiting ones too.
std::uint32_t limit_at(const ServerRow& row, std::uint32_t load);
std::uint32_t limit_now(const ServerRow& row);

}  // namespace pgsteer::routing
