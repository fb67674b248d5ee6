// Desk: what the commands of the runtime API (and the page's buttons) may see and change. Made and
// owned by router/control; its functions are called on the control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/snapshot.h"
#include "base/clock.h"
#include "config/config.h"
#include "health/cluster.h"
#include "routing/session_line.h"

namespace pgsteer::admin {

template <class T>
using Task = boost::asio::awaitable<T>;

// What happened to the cluster and what operators did, newest last.
class Events {
  public:
    static constexpr std::size_t most = 256;
    struct Event {
        WallTime at;
        std::string text;
    };
    void add(std::string text) {
        if (events_.size() == most) events_.pop_front();
        events_.push_back({std::chrono::system_clock::now(), std::move(text)});
    }
    const std::deque<Event>& all() const { return events_; }

  private:
    std::deque<Event> events_;
};

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
