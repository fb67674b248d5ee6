#include "health/election.h"

#include <fmt/format.h>

#include <algorithm>

namespace pgsteer::health {
namespace {

// The first election waits this long for nodes that do not answer. Long enough for every node that
// is there; short enough that a router started in the middle of an outage serves.
constexpr milliseconds first_election_wait{1000};

pgwire::Timeline timeline_of(const NodeState& node) {
    return node.timeline.value_or(pgwire::Timeline{0});
}

bool claims_primary(const Candidate& candidate) {
    return candidate.fit && candidate.node && candidate.node->role == Role::primary;
}

// Names of one node: its primary is not two.
bool same_node(const Candidate& a, const Candidate& b) {
    return std::any_of(a.addresses.begin(), a.addresses.end(), [&](const Address& address) {
        return std::find(b.addresses.begin(), b.addresses.end(), address) != b.addresses.end();
    });
}

// The system of most nodes; none when two are equally frequent. `of_all`: only one that every
// candidate tells.
std::optional<pgwire::SystemId> commonest(std::span<const Candidate> candidates, bool of_all) {
    std::map<pgwire::SystemId, std::size_t> votes;
    std::size_t asked = 0;
    for (const Candidate& candidate : candidates) {
        if (candidate.asked) ++asked;
        if (candidate.node && candidate.node->system) ++votes[*candidate.node->system];
    }
    const auto most =
        std::max_element(votes.begin(), votes.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == votes.end() || (of_all && most->second != asked)) return std::nullopt;
    const auto equal = std::count_if(votes.begin(), votes.end(),
                                     [&](const auto& vote) { return vote.second == most->second; });
    return equal == 1 ? std::optional(most->first) : std::nullopt;
}

}  // namespace

void remember(const NodeState& node, Histories& histories) {
    if (node.role == Role::unknown) return;
    History& history = histories[node.system];
    const pgwire::Timeline timeline = timeline_of(node);
    if (timeline > history.newest) {
        history.newest = timeline;
        history.written.reset();
    }
    if (node.role == Role::primary && timeline == history.newest && node.lsn)
        history.written = node.lsn;
}

// All that are asked have been heard once, or have had their time.
bool Election::enough_heard(std::span<const Candidate> candidates, TimePoint now) {
    if (settled_) return true;
    bool any_heard = false;
    bool all_heard = true;
    for (const Candidate& candidate : candidates) {
        any_heard = any_heard || candidate.heard;
        all_heard = all_heard && (candidate.heard || !candidate.asked);
    }
    if (any_heard && open_until_ == never) open_until_ = after(now, first_election_wait);
    if (!all_heard && now < open_until_) return false;
    return any_heard;
}

// Once chosen it stays, until every node of the backend tells the same other one: the cluster was
// made anew, or upgraded by pg_upgrade, which gives a new identifier. Not earlier: the only node
// that is left of an outage may be the stranger.
void Election::settle_system(std::span<const Candidate> candidates) {
    const auto seen = commonest(candidates, settled_ && system_.has_value());
    if (seen) system_ = seen;
    settled_ = true;
    open_until_ = never;
}

Standing Election::standing_of(const Candidate& candidate, const Histories& histories) const {
    if (!candidate.node || candidate.node->role == Role::unknown) return Standing::free;
    const NodeState& node = *candidate.node;
    if (node.system && node.system != system_) return Standing::other_system;
    const auto known = histories.find(node.system);
    if (known == histories.end()) return Standing::free;
    const pgwire::Timeline newest = known->second.newest;
    if (timeline_of(node) >= newest) return Standing::free;
    // A standby that does not tell its timeline gets its data from somewhere: it is believed.
    if (node.role == Role::standby) return node.timeline ? Standing::behind : Standing::free;
    return Standing::old_timeline;
}

std::vector<Standing> Election::hold(std::span<const Candidate> candidates,
                                     const Histories& histories, TimePoint now) {
    std::vector<Standing> standings(candidates.size(), Standing::free);
    if (!enough_heard(candidates, now)) {
        for (std::size_t i = 0; i < candidates.size(); ++i)
            if (candidates[i].node) standings[i] = Standing::awaited;
        return standings;
    }
    settle_system(candidates);
    for (std::size_t i = 0; i < candidates.size(); ++i)
        standings[i] = standing_of(candidates[i], histories);
    for (std::size_t i = 0; i < candidates.size(); ++i)
        for (std::size_t j = i + 1; j < candidates.size(); ++j) {
            if (!claims_primary(candidates[i]) || !claims_primary(candidates[j])) continue;
            if (standings[i] != Standing::free && standings[i] != Standing::two_primaries) continue;
            if (standings[j] != Standing::free && standings[j] != Standing::two_primaries) continue;
            if (same_node(candidates[i], candidates[j])) continue;
            standings[i] = standings[j] = Standing::two_primaries;
        }
    return standings;
}

std::string Election::explain(Standing standing, const NodeState& node, const Histories& histories,
                              bool heard) const {
    const auto timeline = static_cast<std::uint32_t>(timeline_of(node));
    const auto known = histories.find(node.system);
    const auto newest =
        known == histories.end() ? 0U : static_cast<std::uint32_t>(known->second.newest);
    switch (standing) {
        case Standing::old_timeline:
            return fmt::format("it {} primary on timeline {}, but timeline {} is known",
                               heard ? "says" : "said", timeline, newest);
        case Standing::behind:
            return fmt::format("it {} timeline {}, but timeline {} is known",
                               heard ? "follows" : "followed", timeline, newest);
        case Standing::other_system:
            if (!system_) return "its system identifier is one of two, and neither is commoner";
            return fmt::format("its system identifier is {}, this cluster's is {}",
                               static_cast<std::uint64_t>(*node.system),
                               static_cast<std::uint64_t>(*system_));
        case Standing::two_primaries:
            return fmt::format("another server says primary on timeline {}, too", timeline);
        case Standing::awaited:
            return "not all servers have been heard yet";
        case Standing::free:
            break;
    }
    return {};
}

}  // namespace pgsteer::health
