// Connecting with a bound: shared by the probes that speak over a plain socket. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/outbound.h"
#include "health/observation.h"

namespace pgsteer::probe {

using Socket = boost::asio::generic::stream_protocol::socket;

// Tries the addresses in order until one connects, from the origin and each within the time;
// `socket` is that one then. Otherwise the failure of the last address.
boost::asio::awaitable<std::optional<health::Failure>> connect(
    Socket& socket, const std::vector<Address>& addresses, const Origin& origin,
    milliseconds timeout);

}  // namespace pgsteer::probe
