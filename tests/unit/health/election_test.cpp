#include "health/election.h"

#include <gtest/gtest.h>

namespace pgsteer::health {
namespace {

using namespace std::chrono_literals;
using pgwire::SystemId;
using pgwire::Timeline;

constexpr SystemId ours{42};
constexpr SystemId stranger{7};
const TimePoint start = TimePoint{} + 1h;

NodeState node(Role role, std::uint32_t timeline, std::optional<SystemId> system = ours) {
    NodeState state;
    state.role = role;
    state.doubt = Doubt::none;
    if (timeline > 0) state.timeline = Timeline{timeline};
    state.system = system;
    return state;
}

// A node at an address of its own whose checks want a primary.
Candidate candidate(std::uint32_t host, const NodeState& state) {
    return {true, true, state.role == Role::primary, state, {Address::ipv4(host, Port{5432})}};
}
Candidate silent(std::uint32_t host) {
    return {true, false, false, std::nullopt, {Address::ipv4(host, Port{5432})}};
}
Candidate dead(std::uint32_t host) {
    return {true, true, false, std::nullopt, {Address::ipv4(host, Port{5432})}};
}

struct Ballot {
    std::vector<Standing> hold(const std::vector<Candidate>& candidates) {
        for (const Candidate& each : candidates)
            if (each.node) remember(*each.node, histories);
        return election.hold(candidates, histories, now);
    }
    Election election;
    Histories histories;
    TimePoint now = start;
};
using Standings = std::vector<Standing>;

TEST(Election, IsThisTable) {
    using enum Standing;
    constexpr auto primary = Role::primary;
    constexpr auto standby = Role::standby;
    struct Row {
        const char* given;
        std::vector<Candidate> candidates;
        Standings then;
    };
    const std::vector<Row> rows{
        {"a healthy cluster",
         {candidate(1, node(primary, 3)), candidate(2, node(standby, 3))},
         {free, free}},
        {"the highest timeline wins",
         {candidate(1, node(primary, 3)), candidate(2, node(primary, 4))},
         {old_timeline, free}},
        {"a primary that tells no timeline loses against one that does",
         {candidate(1, node(primary, 0)), candidate(2, node(primary, 1))},
         {old_timeline, free}},
        {"a tie is refused",
         {candidate(1, node(primary, 3)), candidate(2, node(primary, 3))},
         {two_primaries, two_primaries}},
        {"a tie of the old does not touch the new",
         {candidate(1, node(primary, 3)), candidate(2, node(primary, 3)),
          candidate(3, node(primary, 4))},
         {old_timeline, old_timeline, free}},
        {"two names of one node are one primary",
         {candidate(1, node(primary, 3)), candidate(1, node(primary, 3))},
         {free, free}},
        {"a standby of the old timeline is behind",
         {candidate(1, node(primary, 4)), candidate(2, node(standby, 3))},
         {free, behind}},
        {"a standby that does not tell its timeline is believed",
         {candidate(1, node(primary, 4)), candidate(2, node(standby, 0))},
         {free, free}},
        {"a node of another system is never used",
         {candidate(1, node(primary, 3)), candidate(2, node(standby, 3)),
          candidate(3, node(primary, 9, stranger))},
         {free, free, other_system}},
        {"equally many of two systems: neither",
         {candidate(1, node(primary, 3)), candidate(2, node(primary, 9, stranger))},
         {other_system, other_system}},
        {"scripts have no vote", {dead(1), dead(2)}, {free, free}},
    };
    for (const Row& row : rows)
        EXPECT_EQ(Ballot{}.hold(row.candidates), row.then) << row.given;
}

TEST(Election, AnOldPrimaryStaysFencedWhenTheNewOneIsGone) {
    Ballot ballot;
    ballot.hold({candidate(1, node(Role::primary, 3)), candidate(2, node(Role::standby, 3))});
    ballot.hold({dead(1), candidate(2, node(Role::primary, 4))});
    EXPECT_EQ(ballot.hold({candidate(1, node(Role::primary, 3)), dead(2)}),
              (Standings{Standing::old_timeline, Standing::free}));
    EXPECT_EQ(ballot.election.explain(Standing::old_timeline, node(Role::primary, 3),
                                      ballot.histories, true),
              "it says primary on timeline 3, but timeline 4 is known");
}

TEST(Election, AStandbyToldOfTheNewTimelineFencesTheOldPrimary) {
    Ballot ballot;
    EXPECT_EQ(ballot.hold({candidate(1, node(Role::primary, 3)), dead(2),
                           candidate(3, node(Role::standby, 4))}),
              (Standings{Standing::old_timeline, Standing::free, Standing::free}));
}

TEST(Election, TheFirstWaitsForAllNodesButNotForEver) {
    Ballot ballot;
    EXPECT_EQ(ballot.hold({candidate(1, node(Role::primary, 3)), silent(2)}),
              (Standings{Standing::awaited, Standing::free}));
    EXPECT_EQ(ballot.election.next_change(), start + 1s);
    ballot.now = start + 1s;
    EXPECT_EQ(ballot.hold({candidate(1, node(Role::primary, 3)), silent(2)}),
              (Standings{Standing::free, Standing::free}));
    EXPECT_EQ(ballot.election.next_change(), never);
}

TEST(Election, AServerThatNobodyAsksIsNotWaitedFor) {
    Candidate in_maintenance = silent(2);
    in_maintenance.asked = false;
    EXPECT_EQ(Ballot{}.hold({candidate(1, node(Role::primary, 3)), in_maintenance}),
              (Standings{Standing::free, Standing::free}));
}

TEST(Election, TheStrangerThatIsLeftOfAnOutageIsNotUsed) {
    Ballot ballot;
    ballot.hold({candidate(1, node(Role::primary, 3)), candidate(2, node(Role::standby, 3)),
                 candidate(3, node(Role::primary, 1, stranger))});
    EXPECT_EQ(ballot.hold({dead(1), dead(2), candidate(3, node(Role::primary, 1, stranger))})[2],
              Standing::other_system);
}

TEST(Election, AClusterMadeAnewIsFollowedWhenAllNodesSaySo) {
    Ballot ballot;
    ballot.hold({candidate(1, node(Role::primary, 9)), candidate(2, node(Role::standby, 9))});
    EXPECT_EQ(ballot.hold({candidate(1, node(Role::primary, 1, stranger)),
                           candidate(2, node(Role::standby, 1, stranger))}),
              (Standings{Standing::free, Standing::free}));
}

}  // namespace
}  // namespace pgsteer::health
