// Verdict: the one function where what is known about a server from independent sides becomes
// whether it takes sessions. Pure; control thread.
#pragma once

#include <optional>

#include "health/election.h"
#include "health/thresholds.h"
#include "routing/table.h"

namespace pgsteer::health {

// Each side says its own; none knows of the others.
struct Axes {
    bool maintenance = false;            // the operator: `disabled`; or its agent
    std::optional<Verdict> checks;       // what its checks say; none: no `check` is asked for
    bool cut_when_down = false;          // on-marked-down shutdown-sessions
    Standing standing = Standing::free;  // what the election says
    bool unreachable = false;            // workers cannot connect, whatever the checks say
    bool silent = false;                 // its node does not answer just now
    bool lagging = false;                // beyond max-lag
    bool unresolved = false;             // its name stands for no address
    bool agent_down = false;             // its agent: down, fail, stopped
    bool draining = false;               // its agent: drain; or a check that passes conditionally
};

struct Decision {
    bool accepts = false;
    routing::Cause cause = routing::Cause::never_judged;
    // Sessions it took while it accepted end now.
    bool cut = false;
    friend bool operator==(const Decision&, const Decision&) = default;
};

// The first line that holds wins:
//   what is known                                | accepts | cause         | its old sessions
//   maintenance                                  | no      | maintenance   | stay
//   its name stands for no address               | no      | unresolved    | cut when cut_when_down
//   no check is asked for, its agent says down   | no      | check_failed  | cut when cut_when_down
//   no check is asked for, drain                 | no      | draining      | stay
//   no check is asked for                        | yes     | no_check      | stay
//   fenced: another primary, system or history   | no      | its standing  | cut
//   never judged                                 | no      | never_judged  | stay (there are none)
//   checks or its agent say down                 | no      | check_failed  | cut when cut_when_down
//   drain                                        | no      | draining      | stay
//   the first election is open                   | no      | election_open | stay (there are none)
//   connects fail                                | no      | unreachable   | stay
//   a standby of an older history                | no      | behind        | stay
//   its node is silent                           | no      | silent        | stay: `fall` decides
//   too far behind                               | no      | lagging       | stay
//   checks say up                                | yes     | up            | stay
Decision decide(const Axes& axes);

}  // namespace pgsteer::health
