#include "routing/counters.h"

#include <gtest/gtest.h>

namespace pgsteer::routing {
namespace {

TimePoint at(milliseconds span) {
    return TimePoint{} + seconds(1000) + span;
}

TEST(Rate, IsWhatCameInTheLastSecond) {
    RateCell rate;
    for (int i = 0; i < 100; ++i)
        rate.add(at(milliseconds(500)));
    EXPECT_EQ(rate.get(at(milliseconds(600))), 100U);
    // Half a second into the next one, half of the last one's counts.
    EXPECT_EQ(rate.get(at(milliseconds(1500))), 50U);
    EXPECT_EQ(rate.get(at(milliseconds(2100))), 0U);
}

TEST(Rate, OfASingleSessionDoesNotFlicker) {
    RateCell rate;
    rate.add(at(milliseconds(10)));
    EXPECT_EQ(rate.get(at(milliseconds(1900))), 1U);
}

TEST(Rate, RemembersTheHighestOfAWholeSecondThatNobodyLookedAt) {
    Shared shared(2);
    for (int i = 0; i < 30; ++i) {
        shared.traffic[0].rate.add(at(milliseconds(100)));
        shared.traffic[1].rate.add(at(milliseconds(100)));
    }
    EXPECT_EQ(shared.raise_rate(at(milliseconds(1900))), 60U);
    EXPECT_EQ(shared.raise_rate(at(milliseconds(9000))), 60U);
    shared.clear(false);
    EXPECT_EQ(shared.raise_rate(at(milliseconds(9000))), 0U);
}

TEST(Times, AreAveragesOverTheLastSessionsOfAllWorkers) {
    Shared shared(2);
    EXPECT_EQ(shared.times().total, 0U);
    shared.traffic[0].times.add({10, 2, 100});
    shared.traffic[1].times.add({30, 4, 300});
    EXPECT_EQ(shared.times().queue, 20U);
    EXPECT_EQ(shared.times().connect, 3U);
    EXPECT_EQ(shared.times().total, 200U);
    EXPECT_EQ(shared.most_times().total, 300U);
}

TEST(Times, ForgetWhatIsLongAgo) {
    Shared shared(1);
    for (int i = 0; i < 1000; ++i)
        shared.traffic[0].times.add({0, 0, 1000});
    for (int i = 0; i < 5000; ++i)
        shared.traffic[0].times.add({0, 0, 10});
    EXPECT_LE(shared.times().total, 12U);
    EXPECT_GE(shared.times().total, 10U);
}

TEST(Counters, CountAnewAfterTheyWereClearedAndLimitsAreNotTouched) {
    Shared shared(1);
    ASSERT_TRUE(shared.slots.try_take(5));
    shared.traffic[0].sessions.add(7);
    shared.traffic[0].most_sessions.raise_to(4);
    shared.clear(true);
    shared.traffic[0].sessions.add(2);
    EXPECT_EQ(shared.counted(&Traffic::sessions), 2U);
    EXPECT_EQ(shared.total(&Traffic::sessions), 9U);
    EXPECT_EQ(shared.most(&Traffic::most_sessions), 1U);
    EXPECT_EQ(shared.slots.taken(), 1U);
}

TEST(Counters, KeepTheirTotalsWhenOnlyTheHighestValuesAreCleared) {
    Shared shared(1);
    shared.traffic[0].sessions.add(7);
    shared.clear(false);
    EXPECT_EQ(shared.counted(&Traffic::sessions), 7U);
}

}  // namespace
}  // namespace pgsteer::routing
