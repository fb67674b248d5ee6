// From the rules of the configuration, which go by names, to those of the routing table, which go
// by numbers. Pure but for the machine's name. Control thread.
#pragma once

#include "config/config.h"
#include "config/fetches.h"
#include "routing/rules.h"

namespace pgsteer::health {

// Gives every frontend and backend row its rules. The rows are all there, in the order of the
// configuration; names that the rules use exist (config/resolve_rules).
void add_rules(const config::Config& config, routing::RoutingTable& table);

// What a fetch outside of rules asks, of a client of this frontend.
routing::Sample sample_of(const config::Sample& sample, const routing::RoutingTable& table,
                          const std::string& frontend);

}  // namespace pgsteer::health
