#include "routing/limit.h"

#include <gtest/gtest.h>

namespace pgsteer::routing {
namespace {

ServerRow row(std::uint32_t least, std::uint32_t limit, std::uint32_t full) {
    ServerRow made;
    made.limit = limit;
    made.pace.least = least;
    made.pace.full = full;
    return made;
}

TEST(Limit, FollowsTheLoadOfTheBackendBetweenMinconnAndMaxconn) {
    const ServerRow elastic = row(10, 100, 1000);
    EXPECT_EQ(limit_at(elastic, 0), 10U);
    EXPECT_EQ(limit_at(elastic, 100), 10U);
    EXPECT_EQ(limit_at(elastic, 110), 11U);
    EXPECT_EQ(limit_at(elastic, 999), 99U);
    EXPECT_EQ(limit_at(elastic, 1000), 100U);
    EXPECT_EQ(limit_at(elastic, 5000), 100U);
}

TEST(Limit, StaysWhereThereIsNoMinconn) {
    EXPECT_EQ(limit_at(row(0, 100, 1000), 1), 100U);
    EXPECT_EQ(limit_at(row(0, unlimited, 1000), 1), unlimited);
    EXPECT_EQ(limit_at(row(150, 100, 1000), 1), 100U);
}

TEST(Limit, GrowsFromOneWhileAServerStartsSlowly) {
    ServerRow slow = row(0, 50, 1000);
    slow.pace.percent = 0;
    EXPECT_EQ(limit_at(slow, 0), 1U);
    slow.pace.percent = 30;
    EXPECT_EQ(limit_at(slow, 0), 15U);
    slow.limit = unlimited;
    EXPECT_EQ(limit_at(slow, 0), unlimited);
}

TEST(Limit, IsThatOfTheSessionsTheBackendHasNow) {
    ServerRow elastic = row(1, 10, 10);
    elastic.pace.backend = std::make_shared<Shared>(1);
    for (int i = 0; i < 4; ++i)
        (void)elastic.pace.backend->slots.try_take(unlimited);
    EXPECT_EQ(limit_now(elastic), 4U);
}

}  // namespace
}  // namespace pgsteer::routing
