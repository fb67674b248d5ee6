// One probe of one node over the network: connect, ask, read, with bounds on time and bytes. Yields
// evidence and never throws. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "base/address.h"
#include "config/config.h"
#include "health/observation.h"

namespace pgsteer::probe {

struct Target {
    std::vector<Address> addresses;  // tried in order until one connects
    config::Check check;
    milliseconds connect_timeout{0};  // for each connect, > 0
    milliseconds answer_timeout{0};   // from connected to complete, > 0
};

boost::asio::awaitable<health::Observation> ask(Target target);

}  // namespace pgsteer::probe
