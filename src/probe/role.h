// RoleWatcher: knows what one PostgreSQL server is at any time, over one persistent connection.
// Doubt is Role::unknown with a reason in words. Owned by the agent, by the router for a backend
// with `option pgsql-role-check`, and (for one question) by the one-shot check; its executor's
// thread only.
//
// How often it asks: every `interval`; every `urgent_interval` while it matters, that is while
// hurry() says so or a standby has lost its upstream, every `promotion_interval` while its recovery
// ends. What it reports is never half known: a role that changed is asked about in full before
// anybody hears of it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "health/node.h"

namespace pgsteer::probe {

struct RoleState {
    health::NodeState node;              // unknown until it was asked
    int server_version = 0;              // 150004 is 15.4; 0 before the first connection
    std::string data_directory;          // if it is wanted and the user may see it
    TimePoint asked = TimePoint::min();  // when the last answered question was asked
    TimePoint since = TimePoint::min();  // of this role
    Duration latency{};                  // of the last answer
};

struct WatchOptions {
    std::string conninfo;
    std::string application_name = "pgsteer-agent";
    bool find_data_directory = false;      // whoever is on its machine can watch that, too
    milliseconds interval{50};             // between two questions
    milliseconds urgent_interval{5};       // the same while it matters
    milliseconds promotion_interval{1};    // the same while a promotion is under way
    milliseconds timeout{1000};            // to connect, and for each answer
    milliseconds full_interval{1000};      // between two full questions
    milliseconds door_interval{5000};      // between two looks whether new connections are answered
    milliseconds upstream_lost{60'000};    // so long a standby without upstream is asked urgently
    milliseconds least_back_off{100};      // between two tries to connect, doubling
    milliseconds most_back_off{2000};      // to a server that refuses us: it writes a log line
    milliseconds most_gone_back_off{250};  // to one that does not run
};

// Called when the role, its reason, the timeline, the system or the streaming changed.
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
    // Asks now, and urgently until `until`: somebody waits for a primary.
    void hurry(TimePoint until);
    // Asks now, and until `until` or the promotion as often as that: its recovery is ending.
    void expect_promotion(TimePoint until);

  private:
    struct Watch;
    std::shared_ptr<Watch> watch_;
};

// `state` as it may still be believed at `now`. Pure.
RoleState believable(RoleState state, Duration oldest, TimePoint now);

}  // namespace pgsteer::probe
