// Schedule: which question a server has of its node, and when each question is asked. Servers of
// several listeners that want to know the same share one question; it is asked when the first of
// them is due, and each takes the answers that come in its own turn. Pure; control thread.
#pragma once

#include <optional>

#include "health/cluster.h"
#include "health/server_state.h"

namespace pgsteer::health {

Question question_for(const config::Server& server, const config::Backend& backend);
Question agent_question_for(const config::Server& server, const config::Backend& backend);
bool same_question(const Question& a, const Question& b);
// Is it asked the same of the same place, and the same answer wanted? Times may differ.
bool wants_the_same(const config::Server& a, const config::Backend& of_a, const config::Server& b,
                    const config::Backend& of_b);

// What is known of one question's asking.
struct Asked {
    TimePoint first_due;
    // Share of the first gap, in (0, 1]: so the checks of many nodes spread. One for all servers of
    // the question, so that they stay in step and the node is asked once.
    double first_gap = 1;
    // Share of the coming gaps, in [-1, 1): `spread-checks`. Drawn anew with each answer, and one
    // for all servers of the question, too.
    double drift = 0;
    std::optional<TimePoint> last;
    bool under_way = false;
    bool by_evidence = false;  // the ask under way was brought on by a failed connect
    bool evidence = false;     // the next one is
};

// When to ask, given when the first of its servers is due.
TimePoint due(const Asked& asked, TimePoint servers_due);

// Is the answer this server's to count? Those whose turn it is or nearly so take it, and those
// never judged; a failing one that evidence brought on is taken by all, for the data path has said
// already that something is wrong.
bool takes(const ServerState& server, const Asked& asked, TimePoint at, bool passed);

// The interval, longer or shorter by `spread-checks`.
Duration drifted(Duration interval, const Asked& asked, const config::CheckSpread& spread);

// When the server is due again after it took an answer at `now`.
TimePoint next_turn(ServerState& server, const Asked& asked, const config::CheckSpread& spread,
                    TimePoint now);

}  // namespace pgsteer::health
