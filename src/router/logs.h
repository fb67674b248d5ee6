// Logs: which lines are written about sessions and servers, and where: each to exactly the targets
// of its own proxy. Owned by router/control; control thread.
#pragma once

#include <map>
#include <string>

#include "base/log.h"
#include "base/log_repeats.h"
#include "config/config.h"
#include "health/cluster.h"
#include "router/session_text.h"

namespace pgsteer::router {

class Logs {
  public:
    // The process's own lines go to the global section's targets from then on. Errors: a target
    // cannot be opened.
    static Result<Logs> open(const config::Config& config, const routing::RoutingTable& table);

    void take(const routing::SessionEnded& session, const routing::RoutingTable& table);
    void tell(const health::Change& change, const health::ServerView& server, TimePoint now);
    // About a backend as a whole. What repeats is told in sum.
    void tell(const std::string& backend, const std::string& kind, const log::Record& record,
              TimePoint now);
    // Often: what was counted since, and what targets lost.
    void tell_sums(TimePoint now);

  private:
    struct Front {
        log::Outlet outlet;
        config::SessionLog log;
        LineForm form, error_form, structured_form;
        std::map<std::uint32_t, std::string> listeners;  // names by number
        std::uint64_t lines = 0;
    };
    static Front front_of(const config::Frontend& frontend, const routing::RoutingTable& table,
                          log::Outlet outlet);
    void write_text(Front& front, const routing::SessionEnded& session, const LineFacts& facts);

    bool to_terminal_ = false;             // the file names no target at all
    std::map<std::string, Front> fronts_;  // by name
    std::map<std::string, log::Outlet> backs_;
    log::Repeats repeats_;
};

}  // namespace pgsteer::router
