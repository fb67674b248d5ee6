// Snapshot: the one model behind every view (page now; CSV, JSON and metrics later). Taken on the
// control thread from the table, the counters and the health state; a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "health/cluster.h"
#include "http/server.h"
#include "routing/table.h"

namespace pgsteer::admin {

struct ServerLine {
    health::ServerView view;
    std::string address;
    std::string cause;  // routing::word
    bool accepts = false, backup = false;
    std::uint32_t weight = 0, sessions = 0, limit = 0;
    std::uint64_t total = 0, bytes_in = 0, bytes_out = 0, connect_errors = 0, cut = 0;
};

struct ProxyLine {
    std::string name;
    std::uint32_t sessions = 0, limit = 0;
    std::uint64_t total = 0, bytes_in = 0, bytes_out = 0, waiting = 0, refused = 0;
    std::vector<ServerLine> servers;  // backends
};

struct Snapshot {
    std::vector<ProxyLine> frontends, backends;
    std::string version, node, description;
    seconds uptime{0};
    std::uint32_t sessions = 0, limit = 0;
    std::size_t workers = 0;
    TimePoint at;
};

struct ProcessFacts {
    std::string version, node, description;
    TimePoint started;
    std::size_t workers = 0;
};

Snapshot take_snapshot(const routing::RoutingTable& table, const health::Cluster& cluster,
                       const ProcessFacts& facts, TimePoint now);

// The stats page for one request: checks `stats auth`, answers 404 off the uri.
http::Response stats_page(const Snapshot& snapshot, const config::StatsPage& page,
                          const http::Request& request);

}  // namespace pgsteer::admin
