#include "health/lag.h"

#include <gtest/gtest.h>

namespace pgsteer::health {
namespace {

using namespace std::chrono_literals;

NodeState standby(std::uint64_t received, std::uint64_t replayed) {
    NodeState node;
    node.role = Role::standby;
    node.received = pgwire::Lsn{received};
    node.lsn = pgwire::Lsn{replayed};
    return node;
}

TEST(Lag, IsMeasuredAgainstThePrimaryWhenItIsKnown) {
    Histories histories;
    EXPECT_EQ(lag_of(standby(500, 400), histories).bytes, 100U);
    NodeState primary;
    primary.role = Role::primary;
    primary.timeline = pgwire::Timeline{1};
    primary.lsn = pgwire::Lsn{1000};
    remember(primary, histories);
    EXPECT_EQ(lag_of(standby(500, 400), histories).bytes, 600U);
    EXPECT_EQ(lag_of(standby(1200, 1200), histories).bytes, 0U);
    EXPECT_FALSE(lag_of(primary, histories).bytes);
}

TEST(Lag, ADelayOfNothingIsNotBelievedOfAStandbyThatIsBehind) {
    Histories histories;
    NodeState cut_off = standby(500, 500);
    cut_off.replay_delay = 0ms;
    EXPECT_EQ(lag_of(cut_off, histories).time, 0ms);
    NodeState primary;
    primary.role = Role::primary;
    primary.lsn = pgwire::Lsn{1000};
    remember(primary, histories);
    EXPECT_FALSE(lag_of(cut_off, histories).time);
}

TEST(Share, IsWholeUpToHalfTheLimitAndFallsEvenlyToNothingBeyondIt) {
    const config::MaxLag limit{1600, {}};
    const auto share = [&](std::uint64_t bytes) { return share_of(Lag{bytes, {}}, limit); };
    EXPECT_EQ(share(0), 16U);
    EXPECT_EQ(share(800), 16U);
    EXPECT_EQ(share(1200), 8U);
    EXPECT_EQ(share(1599), 1U);
    EXPECT_EQ(share(1600), 1U);
    EXPECT_EQ(share(1601), 0U);
}

TEST(Share, TakesTheStricterLimitAndNoneThatIsUnknown) {
    const config::MaxLag both{1000, 10s};
    EXPECT_EQ(share_of(Lag{0, 11s}, both), 0U);
    EXPECT_EQ(share_of(Lag{{}, 7500ms}, both), 8U);
    EXPECT_EQ(share_of(Lag{}, both), 16U);
    EXPECT_EQ(share_of(Lag{1'000'000, 1h}, config::MaxLag{}), 16U);
}

}  // namespace
}  // namespace pgsteer::health
