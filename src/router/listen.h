// From all `bind` lines of a configuration to listening sockets. Called once at start, before
// privileges are dropped; blocks while names of addresses are resolved.
#pragma once

#include <string>
#include <vector>

#include "admin/snapshot.h"
#include "config/config.h"
#include "relay/data_plane.h"
#include "router/socket.h"
#include "routing/table.h"

namespace pgsteer::router {

struct BindFailure {
    config::Location at;
    std::string text;  // "cannot bind 127.0.0.1:5000: Address already in use"
};

// A stats page's socket; served by the control thread.
struct Page {
    UniqueFd listener;
    std::string frontend;
    config::StatsPage page;
    std::shared_ptr<const tls::Incoming> tls;  // null: in clear
};

// A `stats socket`; served by the control thread.
struct StatsSocket {
    UniqueFd listener;
    std::string level;
};

struct ListenOptions {
    std::size_t workers = 1;
    bool replacing = false;  // -sf, -st
};

struct Opened {
    std::vector<relay::Listener> listeners;  // for the data plane
    std::vector<admin::CountedListener> counted;
    std::vector<Page> pages;
    std::vector<StatsSocket> stats_sockets;
    std::vector<OwnedPath> paths;       // to be removed at the end
    std::vector<BindFailure> failures;  // all of them, not the first alone
};

// For mode tcp: one SO_REUSEPORT socket a worker and TCP address, one shared socket a unix path or
// fd@N. For mode http: one socket an address.
Opened open_listeners(const config::Config& config, const routing::RoutingTable& table,
                      const ListenOptions& options);

// How many descriptors they will take, for the limit that is settled before.
std::size_t count_listeners(const config::Config& config, std::size_t workers);

}  // namespace pgsteer::router
