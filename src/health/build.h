// Builds the routing table: the configuration's numbers and the servers' decisions as rows. Pure
// but for making the shared counters once. Control thread.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "health/server_state.h"
#include "routing/table.h"

namespace pgsteer::health {

// The rows as they are before any verdict, with their shared counters. Without stick tables and
// rules.
routing::RoutingTable plain_rows(const config::Config& config, std::size_t workers);
// One that is there already keeps what it remembers, unless the file makes another of it.
void add_stick_tables(const config::Config& config, routing::RoutingTable& table);
// With both.
routing::RoutingTable first_rows(const config::Config& config, std::size_t workers);

// A server's row before any verdict, with its shared counters.
routing::ServerRow server_row(const config::Server& server, routing::BackendId backend,
                              std::size_t workers);

// Writes decisions, addresses and cuts into the rows and makes the schedules anew. Answers whether
// anything but the version differs from what was there. `reshaped`: rows came, went or changed.
bool apply_decisions(const std::deque<ServerState>& servers, routing::RoutingTable& table,
                     bool reshaped = false);

}  // namespace pgsteer::health
