// Election: of the servers of one backend, which may serve, by what their nodes say of themselves.
// Rule 2 of the product: at most one primary takes sessions; the highest timeline wins, another
// system is never used, a tie is refused until it clears. Pure: time is an argument. One per
// backend, owned by Cluster; what is known of histories is shared by all of them. Control thread.
//
// Only nodes with a vote count (an agent, Patroni, PostgreSQL itself said what they are): a
// script's 200 carries no role, so HAProxy's behaviour stands there.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "health/node.h"

namespace pgsteer::health {

// What was ever seen of a system. It outlives the nodes that said it: a primary that comes back
// with an older history must find the newer one remembered although nobody else is there.
struct History {
    pgwire::Timeline newest{0};          // 0: none seen
    std::optional<pgwire::Lsn> written;  // by the primary of that timeline, when it said so last
};
// Nodes that do not tell their system share the entry of nullopt.
using Histories = std::map<std::optional<pgwire::SystemId>, History>;

void remember(const NodeState& node, Histories& histories);

struct Candidate {
    bool asked = false;              // it is checked, and not in maintenance
    bool heard = false;              // judged at least once
    bool fit = false;                // its checks are content
    std::optional<NodeState> node;   // its vote
    std::vector<Address> addresses;  // two servers of one node are one candidate
};

enum class Standing : std::uint8_t {
    free,           // nothing against it
    awaited,        // the first election waits until all are heard
    old_timeline,   // a primary, but a newer history is known
    behind,         // a standby of an older history than the newest known
    other_system,   // it is not of this cluster
    two_primaries,  // another one claims the same timeline
};

class Election {
  public:
    // By candidate, in their order.
    std::vector<Standing> hold(std::span<const Candidate> candidates, const Histories& histories,
                               TimePoint now);
    // When hold() would answer otherwise by time alone; `never` mostly.
    TimePoint next_change() const { return open_until_; }
    // In words: "it says primary on timeline 3, but timeline 4 is known"; "it said ..." of a node
    // that is not heard any more.
    std::string explain(Standing standing, const NodeState& node, const Histories& histories,
                        bool heard) const;

  private:
    bool enough_heard(std::span<const Candidate> candidates, TimePoint now);
    void settle_system(std::span<const Candidate> candidates);
    Standing standing_of(const Candidate& candidate, const Histories& histories) const;

    std::optional<pgwire::SystemId> system_;  // this backend's, since the first election
    bool settled_ = false;                    // the first election was held
    TimePoint open_until_ = never;            // the first election waits no longer than this
};

}  // namespace pgsteer::health
