// ServerState: what the control plane knows about one server, and the verdict where its independent
// axes meet. Owned by Cluster; control thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "health/cluster.h"
#include "health/judge.h"
#include "health/thresholds.h"

namespace pgsteer::health {

struct ServerState {
    ServerState(const config::Server& server_config, const config::Backend& backend_config);

    const config::Server* config;
    const config::Backend* backend;
    RiseFall rise_fall;
    Judge judge;
    std::vector<Address> addresses;
    std::optional<QuestionId> question;  // none: no `check`
    TimePoint next_due = never;
    bool spread = false;  // its regular gaps have been jittered once
    Judgement last;
    bool has_check_result = false;
    Duration latency{};
    TimePoint last_check = TimePoint::min();
    TimePoint last_change = TimePoint::min();
    std::uint64_t checks_failed = 0;
    std::uint64_t times_down = 0;
    routing::Version cut_before = 0;
};

struct Decision {
    bool accepts = false;
    routing::Cause cause = routing::Cause::never_judged;
};

// The first line that holds wins:
//   operator says maintenance -> no, old sessions stay
//   no check asked for        -> yes
//   never judged              -> no
//   checks say down           -> no (cut as configured)
//   checks say up             -> yes
Decision decide(const ServerState& server);

}  // namespace pgsteer::health
