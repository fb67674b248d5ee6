// From `bind` lines to listening sockets. Called once at start, before privileges are dropped.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "relay/data_plane.h"

namespace pgsteer::router {

struct BindFailure {
    config::Location at;
    std::string text;  // "cannot bind 127.0.0.1:5000: Address already in use"
};

struct Opened {
    std::vector<relay::Listener> listeners;  // for the data plane
    std::vector<BindFailure> failures;       // all of them, not the first alone
};

// The sockets of one mode tcp frontend: one SO_REUSEPORT socket a worker and TCP bind; one shared
// socket a unix path or fd@N.
Opened open_frontend(const config::Frontend& frontend, routing::FrontendId id, std::size_t workers);

// One plain listening socket of a `bind` line, for a stats page.
Result<UniqueFd> open_page(const config::Bind& bind);

}  // namespace pgsteer::router
