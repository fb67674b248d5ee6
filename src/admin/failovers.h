// Failovers: when a backend lost its last server, or went from one to another, and how long nobody
// took its sessions. Fed with each table that is published; by names, so it outlives tables and
// reloads. Owned by router/control; control thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "routing/table.h"

namespace pgsteer::admin {

struct Failover {
    std::string backend;
    std::vector<std::string> from, to;  // servers that took sessions before and after
    TimePoint lost;                     // since when nobody did
    WallTime at;                        // the same
    std::optional<Duration> length;     // none: it is not over. 0: nobody was without a server
    std::uint64_t waiting = 0;          // clients that waited when it was over
};

class Failovers {
  public:
    static constexpr std::size_t most = 32;  // the oldest ones go

    void follow(const routing::RoutingTable& table, TimePoint now, WallTime wall);
    const std::deque<Failover>& all() const { return all_; }  // newest last

  private:
    struct Known {
        std::vector<std::string> servers;  // that took sessions last
        bool served = false;
    };
    void ended(Known& known, const routing::BackendRow& backend, std::vector<std::string> servers,
               TimePoint now, WallTime wall);
    void add(Failover failover);

    std::map<std::string, Known> known_;  // by backend
    std::deque<Failover> all_;
};

}  // namespace pgsteer::admin
