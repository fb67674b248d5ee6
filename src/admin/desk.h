// Desk: what the commands of the runtime API (and the page's buttons) may see and change. Made and
// owned by router/control; its functions are called on the control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/events.h"
#include "admin/snapshot.h"
#include "base/clock.h"
#include "config/config.h"
#include "health/cluster.h"
#include "routing/session_line.h"

namespace pgsteer::admin {

template <class T>
using Task = boost::asio::awaitable<T>;

struct Desk {
    const config::Config* config;  // in force now
    health::Cluster& cluster;
    Events& events;
    std::function<Snapshot()> snapshot;
    // The newest table that was published.
    std::function<const routing::RoutingTable&()> table;
    // Tells the log, publishes the next table, and has changed questions asked.
    std::function<void(const std::vector<health::Change>&)> changed;
    std::function<Task<std::vector<routing::SessionLine>>()> sessions;
    std::function<Task<bool>(routing::SessionId)> end_session;  // was there one?
    // The server goes by another name now, or is new: its addresses are to be found.
    std::function<void(routing::ServerId)> renamed;
    std::function<void(bool all)> clear_listeners;  // their counters
    // Hands every listening socket to who asked over this connected unix socket.
    std::function<void(int socket)> hand_over;
    // Reads the files again: what is wrong with them, or nothing when they are in force now.
    std::function<Task<std::vector<std::string>>()> reload;
};

}  // namespace pgsteer::admin
