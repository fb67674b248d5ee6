// An ended session as HAProxy's tcplog line (manual 8.2.2). Pure.
#pragma once

#include <string>

#include "routing/report.h"

namespace pgsteer::router {

// "127.0.0.1:40000 [23/Nov/2026:10:00:00.123] ReadWrite ReadWrite/pg0 0/1/250 1024 -- 1/1/0/0/0
// 0/0"
std::string session_line(const routing::SessionEnded& ended, const routing::RoutingTable& table);

}  // namespace pgsteer::router
