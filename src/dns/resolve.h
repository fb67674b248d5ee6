// Resolve: what a name stands for, by the name servers of a `resolvers` section, in HAProxy's order
// of tries: the preferred family, the other one when that has no address, and all of it again
// `resolve_retries` times, one every `timeout retry`. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "config/resolvers.h"
#include "dns/answer.h"

namespace pgsteer::dns {

enum class Wanted : std::uint8_t { ipv4_first, ipv6_first, services };

// `section` outlives the call.
boost::asio::awaitable<Answer> resolve(const config::Resolvers& section, std::string host,
                                       Wanted wanted);

}  // namespace pgsteer::dns
