// One probe of one node over the network: the steps of its check, with bounds on time and bytes.
// Yields evidence and never throws. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "base/address.h"
#include "health/cluster.h"
#include "health/observation.h"

namespace pgsteer::probe {

// Where a connect step goes.
struct Destination {
    std::vector<Address> addresses;  // tried in order until one connects
    health::Peer peer;
};

struct Target {
    std::vector<Destination> destinations;  // one for each connect step, at least one
    config::Check check;
    health::Program program;                   // of an external check
    std::uint32_t current_sessions = 0;        // likewise: of the server
    bool wants_body = false;                   // the body of the last HTTP answer is asked for
    std::shared_ptr<const tls::Outgoing> tls;  // where a peer speaks TLS
    std::string server_state;                  // of `http-check send-state`; empty: not sent
    milliseconds connect_timeout{0};           // for each connect, > 0
    milliseconds answer_timeout{0};            // from each connect to the next or the end, > 0
};

boost::asio::awaitable<health::Observation> ask(Target target);

}  // namespace pgsteer::probe
