// Verdict: the one function where what is known about a server from independent sides becomes
// whether it takes sessions. Pure; control thread.
#pragma once

#include <optional>

#include "health/thresholds.h"
#include "routing/table.h"

namespace pgsteer::health {

// Each side says its own; none knows of the others.
struct Axes {
    bool maintenance = false;       // the operator: `disabled`
    std::optional<Verdict> checks;  // what its checks say; none: no `check` is asked for
    bool cut_when_down = false;     // on-marked-down shutdown-sessions
};

struct Decision {
    bool accepts = false;
    routing::Cause cause = routing::Cause::never_judged;
    // Sessions it took while it accepted end now.
    bool cut = false;
    friend bool operator==(const Decision&, const Decision&) = default;
};

// The first line that holds wins:
//   maintenance | checks       | accepts | cause        | its old sessions
//   yes         | any          | no      | maintenance  | stay
//   no          | none         | yes     | no_check     | stay
//   no          | never judged | no      | never_judged | stay (there are none)
//   no          | up           | yes     | up           | stay
//   no          | down         | no      | check_failed | cut when cut_when_down, else stay
Decision decide(const Axes& axes);

}  // namespace pgsteer::health
