// From all `bind` lines of a configuration to listening sockets: new ones, or those that are there
// already (of the configuration before, or of the process before). Called at start, before
// privileges are dropped, and at a reload; blocks while names of addresses are resolved.
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

using Socket = std::shared_ptr<const UniqueFd>;

// A stats page's socket; served by the control thread.
struct Page {
    Socket socket;
    std::string frontend;
    std::shared_ptr<const tls::Incoming> tls;  // null: in clear
};

// A `stats socket`; served by the control thread.
struct StatsSocket {
    Socket socket;
    std::string level;
    bool exposes_listeners = false;
    friend bool operator==(const StatsSocket&, const StatsSocket&) = default;
};

// A listening socket that is there, and what is known by it.
struct HeldSocket {
    Address address;
    std::string interface;
    Socket socket;
    std::optional<int> descriptor = {};  // of fd@N
};

struct ListenOptions {
    std::size_t workers = 1;
    bool replacing = false;  // -sf, -st
    // Taken where they fit before any is opened.
    std::vector<HeldSocket> held = {};
    // Of those that were counted before.
    std::vector<admin::CountedListener> counted = {};
};

struct Opened {
    relay::Listeners listeners;  // for the data plane
    std::vector<admin::CountedListener> counted;
    std::vector<Page> pages;
    std::vector<StatsSocket> stats_sockets;
    std::vector<HeldSocket> sockets;    // of all these
    std::vector<OwnedPath> paths;       // to be removed at the end
    std::vector<BindFailure> failures;  // all of them, not the first alone
    struct Path {
        Address address;
        const config::Bind* bind;  // of the configuration
    };
    std::vector<Path> kept;  // unix sockets that were there already
};

// What lines say of unix sockets that were there already, once nothing keeps the configuration from
// being used. Answers what this process may not do.
std::vector<BindFailure> settle_rights(const Opened& opened);

// For mode tcp: one SO_REUSEPORT socket a worker and TCP address, one shared socket a unix path or
// fd@N. For mode http: one socket an address.
Opened open_listeners(const config::Config& config, const routing::RoutingTable& table,
                      ListenOptions options);

// How many descriptors they will take, for the limit that is settled before.
std::size_t count_listeners(const config::Config& config, std::size_t workers);

}  // namespace pgsteer::router
