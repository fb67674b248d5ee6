// Connecting with a bound: shared by the probes that speak over a plain socket. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <optional>
#include <string>

#include "health/observation.h"
#include "probe/ask.h"

namespace pgsteer::probe {

using Socket = boost::asio::generic::stream_protocol::socket;

// Tries the target's addresses in order until one connects; `socket` is that one then. Otherwise
// the failure of the last address.
boost::asio::awaitable<std::optional<health::Failure>> connect(Socket& socket,
                                                               const Target& target);

// Asks over the connected socket and reads the answer, within target.answer_timeout from now.
boost::asio::awaitable<std::variant<health::HttpAnswer, health::Failure>> exchange_http(
    Socket& socket, const Target& target);

}  // namespace pgsteer::probe
