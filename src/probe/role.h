// RoleWatcher: knows the role of one PostgreSQL server at any time, over one persistent connection.
// Doubt is Role::unknown with a reason in words. Owned by the agent (and, for one question, by the
// one-shot check); its executor's thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "health/observation.h"

namespace pgsteer::probe {

struct RoleState {
    health::Role role = health::Role::unknown;
    std::string reason = "not asked yet";  // why unknown; empty when known
    std::optional<std::uint32_t> timeline;
    std::string lsn;  // written (primary) or replayed (standby), as of the last full question
    int server_version = 0;              // 150004 is 15.4; 0 before the first connection
    TimePoint asked = TimePoint::min();  // when the last answered question was asked
    TimePoint since = TimePoint::min();  // of this role
    Duration latency{};                  // of the last answer
};

struct WatchOptions {
    std::string conninfo;
    std::string application_name = "pgsteer-agent";
    milliseconds interval{50};         // between two questions
    milliseconds timeout{1000};        // to connect, and for each answer
    milliseconds full_interval{1000};  // between two questions for timeline and LSN too
    milliseconds least_back_off{100};  // between two tries to connect, doubling
    milliseconds most_back_off{2000};
};

// Called when the role or the reason changed.
using OnRoleChange = std::function<void(const RoleState&)>;

class RoleWatcher {
  public:
    RoleWatcher(boost::asio::any_io_executor executor, WatchOptions options,
                OnRoleChange on_change);
    ~RoleWatcher();  // nothing is called afterwards
    RoleWatcher(const RoleWatcher&) = delete;
    RoleWatcher& operator=(const RoleWatcher&) = delete;

    // As of `now`: an answer that is older than it may be (this process slept) is no longer known.
    RoleState state(TimePoint now) const;

  private:
    struct Watch;
    std::shared_ptr<Watch> watch_;
};

// `state` as it may still be believed at `now`. Pure.
RoleState believable(RoleState state, Duration oldest, TimePoint now);

}  // namespace pgsteer::probe
