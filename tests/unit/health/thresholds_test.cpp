#include "health/thresholds.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

namespace pgsteer::health {
namespace {

config::Server server_with(std::uint32_t rise, std::uint32_t fall, config::InitState init) {
    config::Server server;
    server.rise = rise;
    server.fall = fall;
    server.inter = milliseconds(3000);
    server.fast_inter = milliseconds(500);
    server.down_inter = milliseconds(1000);
    server.init_state = init;
    return server;
}

struct Step {
    char check;        // '+' passed, '-' failed
    const char* text;  // afterwards
    const char* counted;
    int interval;
};

struct Story {
    const char* name;
    std::uint32_t rise, fall;
    config::InitState init;
    std::vector<Step> steps;
};

TEST(RiseFall, CountsChecksAsHaproxyDoes) {
    using config::InitState;
    const std::vector<Story> stories{
        {"the first good check decides at once",
         2,
         3,
         InitState::judged,
         {{'+', "UP", "3/3 UP", 3000},
          {'-', "UP 2/3", "2/3 UP", 500},
          {'-', "UP 1/3", "1/3 UP", 500},
          {'-', "DOWN", "0/2 DOWN", 1000},
          {'+', "DOWN 1/2", "1/2 DOWN", 500},
          {'+', "UP", "3/3 UP", 3000}}},
        {"the first bad check decides at once",
         2,
         3,
         InitState::judged,
         {{'-', "DOWN", "0/2 DOWN", 1000},
          {'-', "DOWN", "0/2 DOWN", 1000},
          {'+', "DOWN 1/2", "1/2 DOWN", 500},
          {'-', "DOWN", "0/2 DOWN", 1000}}},
        {"one good check makes up for bad ones",
         2,
         3,
         InitState::judged,
         {{'+', "UP", "3/3 UP", 3000},
          {'-', "UP 2/3", "2/3 UP", 500},
          {'-', "UP 1/3", "1/3 UP", 500},
          {'+', "UP", "3/3 UP", 3000}}},
        {"started UP, one bad check suffices as in HAProxy",
         2,
         3,
         InitState::up,
         {{'-', "DOWN", "0/2 DOWN", 1000}}},
        {"started UP, one good check settles it",
         2,
         3,
         InitState::up,
         {{'+', "UP", "3/3 UP", 3000}}},
        {"rise 1 fall 1 follows every check",
         1,
         1,
         InitState::judged,
         {{'+', "UP", "1/1 UP", 3000},
          {'-', "DOWN", "0/1 DOWN", 1000},
          {'+', "UP", "1/1 UP", 3000}}},
    };
    for (const Story& story : stories) {
        SCOPED_TRACE(story.name);
        RiseFall machine(server_with(story.rise, story.fall, story.init));
        EXPECT_EQ(machine.verdict(),
                  story.init == InitState::up ? Verdict::up : Verdict::never_judged);
        for (std::size_t i = 0; i < story.steps.size(); ++i) {
            SCOPED_TRACE(i);
            const Step& step = story.steps[i];
            machine.take(step.check == '+');
            EXPECT_EQ(machine.text(), step.text);
            EXPECT_EQ(machine.counted(), step.counted);
            EXPECT_EQ(machine.interval().count(), step.interval);
        }
    }
}

TEST(RiseFall, TellsWhetherACheckMovedTheCounter) {
    RiseFall machine(server_with(2, 2, config::InitState::judged));
    EXPECT_TRUE(machine.take(false));
    EXPECT_FALSE(machine.take(false));
    EXPECT_TRUE(machine.take(true));
    EXPECT_TRUE(machine.take(true));
    EXPECT_FALSE(machine.take(true));
}

TEST(RiseFall, AsksEveryInterWhenNoOtherIsGivenAndNeverWithoutAPause) {
    config::Server server;
    server.inter = milliseconds(0);
    RiseFall machine(server);
    machine.take(true);
    EXPECT_EQ(machine.interval(), milliseconds(1));
    server.inter = milliseconds(700);
    machine = RiseFall(server);
    machine.take(true);
    machine.take(false);
    EXPECT_EQ(machine.interval(), milliseconds(700));
    machine.take(false);
    machine.take(false);
    EXPECT_EQ(machine.interval(), milliseconds(700));
}

TEST(RiseFall, AThresholdOfZeroIsOne) {
    RiseFall machine(server_with(0, 0, config::InitState::judged));
    machine.take(true);
    EXPECT_EQ(machine.verdict(), Verdict::up);
    machine.take(false);
    EXPECT_EQ(machine.verdict(), Verdict::down);
}

// The second model counts what is in a row, where the machine has HAProxy's one counter.
struct InARow {
    std::uint32_t rise, fall;
    bool up = false, judged = false;
    std::uint32_t against = 0;

    void take(bool passed) {
        if (!std::exchange(judged, true)) {
            up = passed;
            return;
        }
        against = passed == up ? 0 : against + 1;
        if (against < (up ? fall : rise)) return;
        up = passed;
        against = 0;
    }
};

TEST(RiseFall, AgreesWithCountingChecksInARow) {
    constexpr std::uint32_t seed = 20260601;
    std::mt19937 engine(seed);
    const auto below = [&](std::uint32_t bound) {
        return static_cast<std::uint32_t>(engine() % bound);
    };
    for (int run = 0; run < 500; ++run) {
        const std::uint32_t rise = 1 + below(5);
        const std::uint32_t fall = 1 + below(5);
        const std::uint32_t good_of_8 = 1 + below(7);
        RiseFall machine(server_with(rise, fall, config::InitState::judged));
        InARow model{rise, fall};
        for (int step = 0; step < 100; ++step) {
            const bool passed = below(8) < good_of_8;
            machine.take(passed);
            model.take(passed);
            ASSERT_EQ(machine.verdict(), model.up ? Verdict::up : Verdict::down)
                << "seed " << seed << " run " << run << " step " << step << " rise " << rise
                << " fall " << fall;
            ASSERT_EQ(machine.interval() == milliseconds(3000), model.up && model.against == 0);
        }
    }
}

}  // namespace
}  // namespace pgsteer::health
