#include "health/cluster.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

const Failure refused{FailureKind::connect, "Connection refused"};

TEST(Cluster, AsksANodeOnceForAllListeners) {
    const World world(classic(3));
    ASSERT_EQ(world.cluster->questions().size(), 3U);
    const Question& question = world.cluster->questions()[1];
    EXPECT_EQ(question.host, "pg1");
    EXPECT_EQ(question.port, Port{23267});
    EXPECT_EQ(question.servers,
              (std::vector{static_cast<routing::ServerId>(1), static_cast<routing::ServerId>(4)}));
}

TEST(Cluster, BoundsConnectAndAnswerAsHaproxyDoes) {
    struct Row {
        int connect, check, inter;  // as configured; 0: not set
        int connect_limit, answer_limit;
    };
    const std::vector<Row> rows{
        {4000, 5000, 3000, 3000, 5000}, {1000, 5000, 3000, 1000, 5000}, {1000, 0, 3000, 1000, 3000},
        {0, 0, 3000, 3000, 3000},       {0, 500, 3000, 3000, 500},      {0, 0, 0, 1, 1},
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        config::Config config = classic(1);
        config.backends.resize(1);
        config.backends[0].connect_timeout = milliseconds(rows[i].connect);
        config.backends[0].check_timeout = milliseconds(rows[i].check);
        config.backends[0].servers[0].inter = milliseconds(rows[i].inter);
        const World world(config);
        const Question& question = world.cluster->questions().at(0);
        EXPECT_EQ(question.connect_timeout.count(), rows[i].connect_limit) << "row " << i;
        EXPECT_EQ(question.answer_timeout.count(), rows[i].answer_limit) << "row " << i;
    }
}

TEST(Cluster, LetsNoServerServeBeforeItsFirstVerdict) {
    World world(classic(2));
    for (std::size_t id = 0; id < 4; ++id) {
        EXPECT_FALSE(world.row(id).accepts);
        EXPECT_EQ(world.row(id).cause, routing::Cause::never_judged);
    }
    EXPECT_EQ(world.table->version, 1U);
}

TEST(Cluster, TheFirstAnswerDecidesForEachListener) {
    World world(classic(2));
    world.tell(0, answer(200));
    world.tell(1, answer(206));
    EXPECT_TRUE(world.row(0).accepts);
    EXPECT_FALSE(world.row(1).accepts);
    EXPECT_FALSE(world.row(2).accepts);
    EXPECT_TRUE(world.row(3).accepts);
    EXPECT_EQ(world.row(1).cause, routing::Cause::check_failed);
    EXPECT_EQ(world.row(1).cut_before, 0U);
}

TEST(Cluster, UsesAServerWithoutCheckAsItIsAndNoneInMaintenance) {
    config::Config config = classic(2);
    config.backends[0].servers[0].check = false;
    config.backends[0].servers[1].disabled = true;
    config.backends[1].disabled = true;
    World world(config);
    EXPECT_TRUE(world.row(0).accepts);
    EXPECT_EQ(world.row(0).cause, routing::Cause::no_check);
    EXPECT_EQ(world.row(1).cause, routing::Cause::maintenance);
    EXPECT_EQ(world.row(2).cause, routing::Cause::maintenance);
    EXPECT_EQ(world.state(0), "no check");
    EXPECT_EQ(world.state(1), "MAINT");
    EXPECT_TRUE(world.cluster->questions().empty());
}

TEST(Cluster, InitStateUpServesAtOnceAsHaproxyDoes) {
    config::Config config = classic(1);
    config.backends[0].servers[0].init_state = config::InitState::up;
    World world(config);
    EXPECT_TRUE(world.row(0).accepts);
    const auto changes = world.tell(0, answer(503));
    ASSERT_EQ(world.row(0).accepts, false);
    EXPECT_EQ(world.row(0).cut_before, world.table->version);
}

TEST(Cluster, AsksFirstWithinFiftyMillisecondsAndThenSpreadsTheChecks) {
    for (const double random : {0.0, 0.5, 0.999}) {
        World world(classic(1), random);
        const TimePoint start = world.now;
        EXPECT_GE(world.due(0), start);
        EXPECT_LE(world.due(0), start + milliseconds(50));
        world.tell_when_due(0, answer(200));
        const Duration first_gap = world.due(0) - world.now;
        EXPECT_GT(first_gap, Duration::zero());
        EXPECT_LE(first_gap, milliseconds(3000));
        EXPECT_NEAR(static_cast<double>(first_gap.count()), (1 - random) * 3e9, 1e6);
        world.tell_when_due(0, answer(200));
        EXPECT_EQ(world.due(0) - world.now, milliseconds(3000));
    }
}

TEST(Cluster, SpreadChecksMakesIntervalsLongerAndShorterByChance) {
    for (const double random : {0.0, 0.5, 0.75}) {
        config::Config config = classic(1);
        config.global.check_spread.percent = 10;
        World world(config, random);
        world.tell_when_due(0, answer(200));
        world.tell_when_due(0, answer(200));
        const Duration gap = world.due(0) - world.now;
        EXPECT_NEAR(static_cast<double>(gap.count()), 3e9 + 3e8 * (2 * random - 1), 1e6) << random;
    }
}

TEST(Cluster, MaxSpreadChecksBoundsHowFarApartTheFirstChecksGo) {
    for (const double random : {0.0, 0.5, 0.999}) {
        config::Config config = classic(1);
        config.global.check_spread.longest = milliseconds(400);
        World world(config, random);
        world.tell_when_due(0, answer(200));
        const Duration gap = world.due(0) - world.now;
        EXPECT_NEAR(static_cast<double>(gap.count()), 3e9 - 4e8 * random, 1e6) << random;
    }
}

TEST(Cluster, ListenersOfOneNodeStayInStep) {
    World world(classic(1));
    int asks = 0;
    const TimePoint end = world.now + std::chrono::minutes(5);
    while (world.now < end) {
        world.tell_when_due(0, answer(200));
        ++asks;
    }
    EXPECT_LE(asks, 102);
}

TEST(Cluster, IsNotAskedAgainWhileAnAskIsUnderWay) {
    World world(classic(1));
    world.cluster->asking(QuestionId{0}, world.now);
    EXPECT_EQ(world.due(0), never);
    world.cluster->connect_failed(static_cast<routing::ServerId>(0), ETIMEDOUT, world.now);
    EXPECT_EQ(world.due(0), never);
}

// One listener asks every second while the other, of the same node, has an interval of three.
TEST(Cluster, CountsAnAnswerOnlyForThoseWhoseTurnItIs) {
    config::Config config = classic(1);
    config.backends[1].servers[0].fast_inter = milliseconds(1000);
    config.backends[1].servers[0].fall = 10;
    World world(config, 0.0);
    world.tell_when_due(0, answer(200));  // ReadWrite UP, ReadOnly DOWN
    world.tell_when_due(0, answer(206));  // ReadWrite UP 2/3, ReadOnly DOWN 1/2
    EXPECT_EQ(world.state(0), "UP 2/3");
    EXPECT_EQ(world.state(1), "DOWN 1/2");
    world.tell_when_due(0, answer(206));  // one second later: ReadOnly's turn alone
    EXPECT_EQ(world.state(0), "UP 2/3");
    EXPECT_EQ(world.state(1), "UP");
    world.now += milliseconds(1960);  // 40 ms before ReadWrite's turn is near enough
    world.tell(0, answer(206));
    EXPECT_EQ(world.state(0), "UP 1/3");
}

TEST(Cluster, AFailedConnectHasTheNodeAskedAtOnceAndCountsForAll) {
    World world(classic(1));
    world.tell_when_due(0, answer(200));
    world.tell_when_due(0, answer(200));
    world.now += milliseconds(200);
    const auto pg0 = static_cast<routing::ServerId>(0);
    // The third failed connect takes it out of service; its sessions stay until `fall` is reached.
    for (const char* state : {"UP 2/3", "DOWN", "DOWN"}) {
        EXPECT_EQ(world.row(0).cut_before, 0U);
        world.cluster->connect_failed(pg0, ETIMEDOUT, world.now);
        world.cluster->connect_failed(pg0, ETIMEDOUT, world.now);
        ASSERT_LE(world.due(0), world.now);
        world.tell(0, refused);
        EXPECT_EQ(world.state(0), state);
        // The next failed connect does not ask sooner than in a tenth of a second.
        world.cluster->connect_failed(pg0, ETIMEDOUT, world.now);
        EXPECT_EQ(world.due(0), world.now + milliseconds(100));
        world.now += milliseconds(100);
    }
    EXPECT_FALSE(world.row(0).accepts);
    EXPECT_EQ(world.row(0).cut_before, world.table->version);
}

TEST(Cluster, AGoodAnswerToEvidenceCountsOnlyForThoseWhoseTurnItIs) {
    config::Config config = classic(1);
    config.backends.resize(1);
    World world(config);
    world.tell_when_due(0, answer(200));
    world.tell_when_due(0, answer(503));
    world.tell_when_due(0, answer(503));
    world.tell_when_due(0, answer(503));
    ASSERT_EQ(world.state(0), "DOWN");
    world.now += milliseconds(500);
    world.cluster->connect_failed(static_cast<routing::ServerId>(0), ETIMEDOUT, world.now);
    world.tell(0, answer(200));
    EXPECT_EQ(world.state(0), "DOWN");
    world.tell_when_due(0, answer(200));
    EXPECT_EQ(world.state(0), "DOWN 1/2");
}

TEST(Cluster, EvidenceIsSpentByOneAsk) {
    World world(classic(1));
    world.tell_when_due(0, answer(200));
    world.cluster->connect_failed(static_cast<routing::ServerId>(0), ETIMEDOUT, world.now);
    world.now += milliseconds(100);
    world.tell(0, refused);
    EXPECT_EQ(world.state(0), "UP 2/3");
    world.now += milliseconds(100);
    world.tell(0, refused);  // nobody's turn, no evidence
    EXPECT_EQ(world.state(0), "UP 2/3");
}

TEST(Cluster, MakesANewTableOnlyWhenSomethingChanged) {
    World world(classic(1));
    const auto first = world.cluster->table();
    EXPECT_EQ(world.cluster->table(), first);
    world.tell_when_due(0, answer(200));
    const auto second = world.cluster->table();
    EXPECT_EQ(second->version, first->version + 1);
    world.tell_when_due(0, answer(200));
    world.tell_when_due(0, answer(206));
    EXPECT_EQ(world.cluster->table(), second);
    const auto id = static_cast<routing::ServerId>(0);
    world.cluster->move(id, {{Address::ipv4(0x7f000001, Port{5432})}, {}, "x"}, world.now);
    const auto third = world.cluster->table();
    EXPECT_EQ(third->version, second->version + 1);
    world.cluster->move(id, {{Address::ipv4(0x7f000001, Port{5432})}, {}, "x"}, world.now);
    EXPECT_EQ(world.cluster->table(), third);
    EXPECT_EQ(third->at(id).shared, first->at(id).shared);
}

TEST(Cluster, CutsTheSessionsOfAServerThatGoesDownWhenItIsToldTo) {
    for (const bool cut : {true, false}) {
        config::Config config = classic(1);
        config.backends[0].servers[0].fall = 1;
        config.backends[0].servers[0].cut_when_down = cut;
        World world(config);
        world.tell_when_due(0, answer(200));
        world.row(0);
        world.tell_when_due(0, refused);
        EXPECT_FALSE(world.row(0).accepts);
        EXPECT_EQ(world.row(0).cut_before, cut ? world.table->version : 0U);
    }
}

TEST(Cluster, CutsThroughAFlapThatNoWorkerSaw) {
    config::Config config = classic(1);
    config.backends[0].servers[0].fall = 1;
    config.backends[0].servers[0].rise = 1;
    World world(config);
    world.tell_when_due(0, answer(200));
    const auto before = world.cluster->table();
    world.tell_when_due(0, refused);
    world.tell_when_due(0, answer(200));
    EXPECT_TRUE(world.row(0).accepts);
    EXPECT_EQ(world.table->version, before->version + 1);
    EXPECT_EQ(world.row(0).cut_before, world.table->version);
}

TEST(Cluster, ShowsTheLastCheckOfAServer) {
    World world(classic(1));
    const auto id = static_cast<routing::ServerId>(0);
    EXPECT_EQ(world.cluster->view(id, world.now).check_word, "");
    EXPECT_EQ(world.state(0), "no check yet");
    world.tell(0, answer(200, "Primary"), milliseconds(3));
    const ServerView up = world.cluster->view(id, world.now);
    EXPECT_EQ(up.proxy, "ReadWrite");
    EXPECT_EQ(up.name, "pg0");
    EXPECT_EQ(up.role, Role::primary);
    EXPECT_EQ(up.check_word, "L7OK");
    EXPECT_EQ(up.check_code, 200);
    EXPECT_EQ(up.check_text, "Primary");
    EXPECT_EQ(up.check_latency, milliseconds(3));
    EXPECT_EQ(up.last_check, world.now);
    EXPECT_EQ(up.last_change, world.now);
    for (int i = 0; i < 5; ++i)
        world.tell_when_due(0, refused);
    const ServerView down = world.cluster->view(id, world.now);
    EXPECT_EQ(down.state, "DOWN");
    EXPECT_EQ(down.role, Role::unknown);
    EXPECT_EQ(down.times_down, 1U);
    EXPECT_EQ(down.checks_failed, 3U);  // those of a server that is down do not count
}

}  // namespace
}  // namespace pgsteer::health
