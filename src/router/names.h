// Host names to addresses: all of them before the start (blocking, HAProxy's way), single ones
// again after a connect failed (on the control thread's executor, never blocking it).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <vector>

#include "base/address.h"
#include "config/location.h"
#include "health/cluster.h"

namespace pgsteer::router {

struct NameFailure {
    config::Location at;
    std::string text;
};

// Gives every server of the cluster its addresses; answers what could not be resolved.
std::vector<NameFailure> resolve_servers(health::Cluster& cluster, std::size_t servers);

// Empty when the name does not resolve now: what was known before stays in use.
boost::asio::awaitable<std::vector<Address>> resolve_again(std::string host, Port port);

}  // namespace pgsteer::router
