#include "router/limits.h"

#include <gtest/gtest.h>

namespace pgsteer::router {
namespace {

TEST(Limits, the_flag_wins_over_the_file) {
    EXPECT_EQ(wanted_limits({500, 100, 4, 4096}).maxconn, 500U);
    EXPECT_EQ(wanted_limits({0, 100, 4, 4096}).maxconn, 100U);
}

TEST(Limits, a_session_needs_two_descriptors_beside_the_listeners) {
    const auto few = wanted_limits({0, 100, 4, 4096});
    const auto many = wanted_limits({0, 101, 5, 4096});
    EXPECT_EQ(many.descriptors - few.descriptors, 3U);
    EXPECT_GT(few.descriptors, 204U);
    EXPECT_TRUE(few.chosen);
}

TEST(Limits, nothing_chosen_means_as_many_as_the_hard_limit_allows) {
    const auto limits = wanted_limits({0, 0, 10, 4096});
    EXPECT_FALSE(limits.chosen);
    EXPECT_LE(limits.descriptors, 4096U);
    EXPECT_GT(limits.descriptors, 4090U);
}

TEST(Limits, an_endless_hard_limit_is_bounded) {
    EXPECT_LE(wanted_limits({0, 0, 10, SIZE_MAX}).descriptors, 1'048'576U);
}

TEST(Limits, what_fits_is_what_was_wanted_when_the_limit_was_granted) {
    const auto limits = wanted_limits({0, 1000, 8, 0});
    EXPECT_EQ(sessions_within(limits.descriptors, 8), 1000U);
    EXPECT_EQ(sessions_within(limits.descriptors - 2, 8), 999U);
}

TEST(Limits, even_the_smallest_limit_leaves_one_session) {
    EXPECT_EQ(sessions_within(10, 100), 1U);
}

}  // namespace
}  // namespace pgsteer::router
