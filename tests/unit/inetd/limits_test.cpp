#include "inetd/limits.h"

#include <gtest/gtest.h>

namespace pgsteer::inetd {
namespace {

config::InetService service() {
    config::InetService one;
    one.cps_most = 3;
    return one;
}

TEST(Rate, the_fourth_connection_of_a_second_is_one_too_many) {
    Rate rate;
    const TimePoint now{seconds(1000)};
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(rate.exceeded(service(), now));
    EXPECT_TRUE(rate.exceeded(service(), now));
}

TEST(Rate, is_an_average_since_it_began_and_begins_anew_after_as_many_seconds) {
    Rate rate;
    const TimePoint start{seconds(1000)};
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(rate.exceeded(service(), start));
    for (int i = 0; i < 4; ++i)
        EXPECT_FALSE(rate.exceeded(service(), start + seconds(2)));
    EXPECT_FALSE(rate.exceeded(service(), start + seconds(3)));
}

TEST(Rate, of_zero_is_no_limit) {
    config::InetService unlimited;
    unlimited.cps_most = 0;
    Rate rate;
    for (int i = 0; i < 1000; ++i)
        EXPECT_FALSE(rate.exceeded(unlimited, TimePoint{seconds(1000)}));
}

TEST(Check, refuses_in_xinetds_order) {
    config::InetService one;
    one.max_load = 2;
    one.access_times = {{60, 120}};
    one.instances = 1;
    one.per_source = 1;
    EXPECT_EQ(check(one, {1, 1, 1, 1, 2.0, 0}), Refusal::load);
    EXPECT_EQ(check(one, {1, 1, 1, 1, 1.9, 121}), Refusal::time);
    EXPECT_EQ(check(one, {1, 1, 1, 1, 0, 120}), Refusal::service_limit);
    EXPECT_EQ(check(one, {0, 1, 1, 1, 0, 60}), Refusal::per_source_limit);
    EXPECT_EQ(check(one, {0, 0, 1, 1, 0, 60}), Refusal::process_limit);
    EXPECT_EQ(check(one, {0, 0, 0, 1, 0, 60}), Refusal::none);
}

}  // namespace
}  // namespace pgsteer::inetd
