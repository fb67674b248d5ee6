#include "health/verdict.h"

#include <gtest/gtest.h>

#include <vector>

namespace pgsteer::health {
namespace {

Axes down_by_agent(std::optional<Verdict> checks, Standing standing = Standing::free) {
    Axes axes{false, checks, true, standing};
    axes.agent_down = true;
    return axes;
}

Axes draining(std::optional<Verdict> checks) {
    Axes axes{false, checks, true};
    axes.draining = true;
    return axes;
}

TEST(Decide, IsItsTruthTable) {
    using routing::Cause;
    struct Row {
        Axes axes;
        Decision decision;
    };
    const std::vector<Row> rows{
        {{true, Verdict::up, true}, {false, Cause::maintenance, false}},
        {{true, Verdict::down, true}, {false, Cause::maintenance, false}},
        {{true, std::nullopt, false}, {false, Cause::maintenance, false}},
        {{false, std::nullopt, true}, {true, Cause::no_check, false}},
        {{false, Verdict::never_judged, true}, {false, Cause::never_judged, false}},
        {{false, Verdict::up, true}, {true, Cause::up, false}},
        {{false, Verdict::down, true}, {false, Cause::check_failed, true}},
        {{false, Verdict::down, false}, {false, Cause::check_failed, false}},
        {{false, Verdict::up, false, Standing::old_timeline}, {false, Cause::old_timeline, true}},
        {{false, Verdict::down, false, Standing::old_timeline}, {false, Cause::old_timeline, true}},
        {{false, Verdict::up, false, Standing::other_system}, {false, Cause::other_system, true}},
        {{false, Verdict::up, false, Standing::two_primaries}, {false, Cause::two_primaries, true}},
        {{false, Verdict::up, true, Standing::awaited}, {false, Cause::election_open, false}},
        {{false, Verdict::down, true, Standing::awaited}, {false, Cause::check_failed, true}},
        {{false, Verdict::up, true, Standing::behind}, {false, Cause::behind, false}},
        {{false, Verdict::up, true, Standing::free, true}, {false, Cause::unreachable, false}},
        {{false, Verdict::down, true, Standing::free, true}, {false, Cause::check_failed, true}},
        {{false, Verdict::up, true, Standing::free, false, true}, {false, Cause::silent, false}},
        {{false, Verdict::up, true, Standing::free, false, false, true},
         {false, Cause::lagging, false}},
        {down_by_agent(Verdict::up), {false, Cause::check_failed, true}},
        {down_by_agent(std::nullopt), {false, Cause::check_failed, true}},
        {down_by_agent(Verdict::up, Standing::old_timeline), {false, Cause::old_timeline, true}},
        {draining(Verdict::up), {false, Cause::draining, false}},
        {draining(std::nullopt), {false, Cause::draining, false}},
        {draining(Verdict::down), {false, Cause::check_failed, true}},
        {{true, Verdict::up, true, Standing::two_primaries}, {false, Cause::maintenance, false}},
    };
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(decide(rows[i].axes), rows[i].decision) << "row " << i;
}

}  // namespace
}  // namespace pgsteer::health
