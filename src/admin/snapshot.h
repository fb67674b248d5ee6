// Snapshot: the one model behind every view: page, CSV, typed, JSON, metrics, `show info`, the
// cluster's picture. Taken on the control thread from the table, the counters and the health state;
// a value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/events.h"
#include "admin/failovers.h"
#include "config/config.h"
#include "health/cluster.h"
#include "routing/table.h"

namespace pgsteer::admin {

// What is counted of a frontend, a backend and a server; since start or `clear counters`.
struct Numbers {
    std::uint32_t sessions = 0, most_sessions = 0;
    std::uint32_t limit = 0;  // 0: none
    std::uint64_t total = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t rate = 0, most_rate = 0;  // sessions a second
    std::uint64_t waiting = 0, most_waiting = 0, refused = 0, cut = 0;
    std::uint64_t connect_errors = 0, retries = 0, redispatches = 0, attempts = 0, balanced = 0;
    std::uint64_t client_aborts = 0, server_aborts = 0;
    std::uint64_t denied_connections = 0, denied_sessions = 0, denied_requests = 0;
    std::optional<seconds> last_session;  // ago
    routing::Times::Sample times, most_times;
};

// An address that a frontend listens on, with `option socket-stats`.
struct ListenerLine : Numbers {
    std::string name, address;
    std::uint32_t id = 0;
};

struct ServerLine : Numbers {
    std::uint32_t id = 0;  // HAProxy's, from 1 in each backend
    routing::ServerId server{};
    health::ServerView view;
    std::string status;  // of HAProxy's words for a state the one that fits
    std::string address;
    std::string cause;  // routing::word
    bool accepts = false, backup = false;
    std::uint32_t weight = 0;
};

// A backend that a frontend's clients may go to.
struct Way {
    std::string backend;
    bool always = true;  // false: a rule decides
};

// A frontend or a backend. What is its own: of the other kind it is empty.
struct ProxyLine : Numbers {
    std::string name;
    std::uint32_t id = 0;
    bool http = false;  // a page, no relay
    // Frontends.
    health::FrontendAdmin::Mode mode = health::FrontendAdmin::Mode::open;
    std::uint64_t requests = 0;
    std::vector<ListenerLine> listeners;
    std::vector<std::string> binds;  // where clients come in: "*:5000"
    std::vector<Way> ways;
    // Backends.
    std::string algorithm;
    health::BackendHealth health;
    std::uint32_t active = 0, backups = 0;      // servers that take sessions
    std::uint32_t weight = 0, user_weight = 0;  // of those that serve
    std::vector<ServerLine> servers;
};

struct Snapshot {
    std::vector<ProxyLine> frontends, backends;
    std::string version, node, description;
    Duration uptime{0};
    WallTime started;
    std::uint32_t sessions = 0, most_sessions = 0, limit = 0, hard_limit = 0;
    std::uint64_t total = 0, requests = 0, rate = 0, most_rate = 0, bytes_out = 0;
    std::uint64_t lost_reports = 0;
    std::size_t workers = 0, listeners = 0, descriptors = 0;
    int pid = 0;
    bool stopping = false;
    TimePoint at;
    std::deque<Failover> failovers;  // newest last
    std::deque<Events::Event> events;
};

// A stats page's frontend, which the control thread serves.
struct PageFacts {
    std::uint32_t open = 0, most_open = 0;
    std::uint64_t total = 0, bytes_out = 0;
};

struct CountedListener {
    std::string frontend, name;
    std::uint32_t id = 0;
    std::string address;
    std::shared_ptr<routing::Shared> shared;
};

struct ProcessFacts {
    std::string version, node, description;
    TimePoint started;
    std::size_t workers = 0;
    std::size_t listeners = 0, descriptors = 0;
    const config::Config* config = nullptr;  // its order is that of the lines
    std::vector<PageFacts> pages;            // one for each frontend of mode http
    std::uint64_t lost_reports = 0;
    bool stopping = false;
    std::vector<CountedListener> counted;
    const Failovers* failovers = nullptr;
    const Events* events = nullptr;
};

Snapshot take_snapshot(const routing::RoutingTable& table, const health::Cluster& cluster,
                       const ProcessFacts& facts, TimePoint now);

}  // namespace pgsteer::admin
