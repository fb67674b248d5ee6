#include "dns/places.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace pgsteer::dns {
namespace {

using Found = std::vector<int>;
constexpr std::nullopt_t none = std::nullopt;

TEST(Places, AreFilledInOrder) {
    EXPECT_EQ(spread<int>(Places<int>(3), {7, 8}, false), (Places<int>{7, 8, none}));
    EXPECT_EQ(spread<int>(Places<int>(2), {7, 8, 9}, false), (Places<int>{7, 8}));
}

TEST(Places, WhoIsStillInTheAnswerKeepsItsPlace) {
    EXPECT_EQ(spread<int>({7, 8, 9}, {9, 7}, false), (Places<int>{7, none, 9}));
    EXPECT_EQ(spread<int>({7, none, 9}, {5, 9, 6, 7}, false), (Places<int>{7, 5, 9}));
}

TEST(Places, RepeatWhatThereIsWhenTheyMay) {
    EXPECT_EQ(spread<int>(Places<int>(3), {7}, true), (Places<int>{7, 7, 7}));
    EXPECT_EQ(spread<int>({7, 7, 7}, {7, 8}, true), (Places<int>{7, 7, 7}));
    EXPECT_EQ(spread<int>(Places<int>(2), {}, true), (Places<int>{none, none}));
}

TEST(Places, HoldNothingTwiceAndLeaveNothingOutThatFits) {
    std::mt19937 random(7);
    Places<int> places(5);
    for (int round = 0; round < 2000; ++round) {
        std::set<int> wanted;
        for (auto i = random() % 9; i > 0; --i)
            wanted.insert(static_cast<int>(random() % 12));
        const Found found(wanted.begin(), wanted.end());
        const Places<int> before = places;
        places = spread(before, found, false);
        std::set<int> placed;
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (before[i] && wanted.contains(*before[i])) {
                EXPECT_EQ(places[i], before[i]);
            }
            if (!places[i]) continue;
            EXPECT_TRUE(placed.insert(*places[i]).second);
        }
        EXPECT_EQ(placed.size(), std::min(found.size(), places.size()));
    }
}

}  // namespace
}  // namespace pgsteer::dns
