#include "health/verdict.h"

#include <gtest/gtest.h>

#include <vector>

namespace pgsteer::health {
namespace {

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
    };
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(decide(rows[i].axes), rows[i].decision) << "row " << i;
}

}  // namespace
}  // namespace pgsteer::health
