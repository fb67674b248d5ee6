// Servers that come back: slowly, and what that means for backups; and what they are at start.
#include <gtest/gtest.h>

#include "health/slow_start.h"
#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

using namespace std::chrono_literals;

TEST(SlowStart, GrowsInStepsOfASecondAsHaproxys) {
    EXPECT_EQ(ramp_at(0s, 10s), (Ramp{1, 0}));
    EXPECT_EQ(ramp_at(999ms, 10s), (Ramp{1, 0}));
    EXPECT_EQ(ramp_at(1s, 10s), (Ramp{2, 10}));
    EXPECT_EQ(ramp_at(5s, 10s), (Ramp{9, 50}));
    EXPECT_EQ(ramp_at(9999ms, 10s), (Ramp{15, 90}));
    EXPECT_EQ(ramp_at(10s, 10s), Ramp{});
    EXPECT_EQ(ramp_at(500ms, 1ms), (Ramp{1, 0}));
    EXPECT_EQ(ramp_at(1s, 1ms), Ramp{});
}

// One listener, two servers; the first is what the test makes of it.
config::Config two_servers() {
    config::Config config = classic(2);
    config.backends.pop_back();
    config.frontends.pop_back();
    for (config::Server& server : config.backends[0].servers) {
        server.rise = server.fall = 1;
        server.weight = 10;
        server.maxconn = server.minconn = 100;
    }
    return config;
}

void fail_and_return(World& world) {
    world.tell_when_due(0, answer(503));
    world.tell_when_due(0, answer(200));
}

TEST(SlowStart, IsForServersThatWereSeenToFailAndNotForTheFirstVerdict) {
    config::Config config = two_servers();
    config.backends[0].servers[0].slow_start = 8s;
    World world(config);
    world.tell_when_due(0, answer(200));
    world.tell_when_due(1, answer(200));
    EXPECT_EQ(world.row(0).weight, 160U);
    EXPECT_EQ(world.row(0).pace.percent, 100U);
    fail_and_return(world);
    EXPECT_EQ(world.row(0).weight, 10U);
    EXPECT_EQ(world.row(0).pace.percent, 0U);
    EXPECT_EQ(world.row(1).weight, 160U);
}

TEST(SlowStart, GoesOnByTimeAlone) {
    config::Config config = two_servers();
    config.backends[0].servers[0].slow_start = 8s;
    World world(config);
    world.tell_when_due(0, answer(200));
    fail_and_return(world);
    std::vector<std::uint32_t> weights;
    while (world.cluster->next_change() != never) {
        ASSERT_EQ(world.cluster->next_change(), world.now + 1s);
        world.now += 1s;
        world.cluster->advance(world.now);
        weights.push_back(world.row(0).weight);
    }
    EXPECT_EQ(weights, (std::vector<std::uint32_t>{30, 50, 70, 90, 110, 130, 150, 160}));
    EXPECT_EQ(world.row(0).pace.percent, 100U);
}

TEST(SlowStart, EndsWithTheServer) {
    config::Config config = two_servers();
    config.backends[0].servers[0].slow_start = 8s;
    World world(config);
    world.tell_when_due(0, answer(200));
    fail_and_return(world);
    world.tell_when_due(0, answer(503));
    EXPECT_EQ(world.cluster->next_change(), never);
}

TEST(SlowStart, LeavesWeightsOfAStaticBalanceAlone) {
    config::Config config = two_servers();
    config.backends[0].balance = config::BalanceKind::static_rr;
    config.backends[0].servers[0].slow_start = 8s;
    World world(config);
    world.tell_when_due(0, answer(200));
    fail_and_return(world);
    EXPECT_EQ(world.row(0).weight, 10U);
    EXPECT_EQ(world.row(0).pace.percent, 0U);
}

TEST(MarkedUp, EndsTheSessionsOfBackupsWhenToldTo) {
    for (const bool told : {true, false}) {
        config::Config config = two_servers();
        config.backends[0].servers[0].cut_backups_when_up = told;
        config.backends[0].servers[1].backup = true;
        World world(config);
        world.tell_when_due(1, answer(200));
        world.row(1);
        world.tell_when_due(0, answer(200));
        EXPECT_EQ(world.row(1).superseded_before == world.table->version, told);
        EXPECT_TRUE(world.row(1).accepts);
        EXPECT_EQ(world.row(0).cut_before, 0U);
    }
}

TEST(MarkedUp, DoesNotEndThemForAServerWithoutWeight) {
    config::Config config = two_servers();
    config.backends[0].servers[0].cut_backups_when_up = true;
    config.backends[0].servers[0].weight = 0;
    config.backends[0].servers[1].backup = true;
    World world(config);
    world.tell_when_due(1, answer(200));
    world.row(1);
    world.tell_when_due(0, answer(200));
    EXPECT_EQ(world.row(1).cut_before, 0U);
}

TEST(Fullconn, IsATenthOfWhatTheFrontendsMayBring) {
    config::Config config = two_servers();
    config.global.maxconn = 4000;
    config.backends[0].servers[0].minconn = 5;
    World world(config);
    EXPECT_EQ(world.row(0).pace.full, 400U);
    EXPECT_EQ(world.row(0).pace.least, 5U);
    EXPECT_EQ(world.row(1).pace.least, 0U);
    EXPECT_TRUE(world.table->backends[0].elastic);
    config.frontends[0].maxconn = 91;
    EXPECT_EQ(World(config).row(0).pace.full, 10U);
    config::Frontend other = config.frontends[0];  // comes there by a rule alone
    other.name = "other";
    other.default_backend.reset();
    other.maxconn = 200;
    config::Choice rule;
    rule.name = config.backends[0].name;
    other.rules.backends = {rule, rule};
    config.frontends.push_back(other);
    EXPECT_EQ(World(config).row(0).pace.full, 30U);
    config.backends[0].fullconn = 77;
    EXPECT_EQ(World(config).row(0).pace.full, 77U);
}

// How many checks with these results until it is UP; 0: at once; 99: it is DOWN.
int checks_until_up(config::InitState state, bool pass) {
    config::Config config = two_servers();
    config::Server& server = config.backends[0].servers[0];
    server.init_state = state;
    server.rise = 3;
    server.fall = 3;
    World world(config);
    for (int i = 0; i < 9; ++i) {
        if (world.row(0).accepts == pass) return i;
        world.tell_when_due(0, answer(pass ? 200 : 503));
    }
    return 99;
}

TEST(InitState, SaysHowManyChecksTheFirstVerdictTakes) {
    using config::InitState;
    EXPECT_EQ(checks_until_up(InitState::judged, true), 1);
    EXPECT_EQ(checks_until_up(InitState::down, true), 1);
    EXPECT_EQ(checks_until_up(InitState::fully_down, true), 3);
    EXPECT_EQ(checks_until_up(InitState::up, true), 0);
    EXPECT_EQ(checks_until_up(InitState::fully_up, true), 0);
    // Until it is not: one bad check is enough for `up`, `fall` for `fully-up`.
    EXPECT_EQ(checks_until_up(InitState::up, false), 1);
    EXPECT_EQ(checks_until_up(InitState::fully_up, false), 3);
}

TEST(InitState, OneBadCheckOfAServerThatIsFullyDownIsAVerdict) {
    config::Config config = two_servers();
    config.backends[0].servers[0].init_state = config::InitState::fully_down;
    config.backends[0].servers[0].rise = 3;
    World world(config);
    world.tell_when_due(0, answer(200));
    EXPECT_EQ(world.row(0).cause, routing::Cause::never_judged);
    EXPECT_EQ(world.state(0), "DOWN 1/3");
    world.tell_when_due(0, answer(503));
    EXPECT_EQ(world.row(0).cause, routing::Cause::check_failed);
}

}  // namespace
}  // namespace pgsteer::health
