// Checks, connects and PostgreSQL's own door say different things of one server, or nothing any
// more.
#include <gtest/gtest.h>

#include <cerrno>

#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

const Failure refused{FailureKind::connect, "Connection refused"};

TEST(Witnesses, BelievesTheDataPathWhenTheCheckSaysOtherwise) {
    World world(classic(1));
    const auto pg0 = static_cast<routing::ServerId>(0);
    world.tell_when_due(0, answer(200));
    EXPECT_TRUE(world.row(0).accepts);
    const auto changes = world.cluster->connect_failed(pg0, ECONNREFUSED, world.now);
    ASSERT_FALSE(changes.empty());
    EXPECT_NE(changes[0].line.find("its checks pass, but connects to it fail, info: \"Connection "
                                   "refused\""),
              std::string::npos)
        << changes[0].line;
    EXPECT_EQ(world.row(0).cause, routing::Cause::unreachable);
    EXPECT_EQ(world.row(0).cut_before, 0U);
    world.tell_when_due(0, answer(200));
    EXPECT_FALSE(world.row(0).accepts);
    EXPECT_TRUE(world.cluster->unreachable(pg0));
    world.cluster->reached(pg0, world.now);
    EXPECT_TRUE(world.row(0).accepts);
}

HttpAnswer agents_answer(Role role) {
    HttpAnswer told = answer(role == Role::primary ? 200 : 206);
    told.node = NodeState{};
    told.node->role = role;
    told.node->doubt = Doubt::none;
    told.node->timeline = pgwire::Timeline{1};
    return told;
}

std::vector<Change> answerer_lost(World& world, bool postgres_answers) {
    world.now = std::max(world.now, world.due(0));
    world.cluster->asking(QuestionId{0}, world.now);
    Observation observation{world.now, {}, refused};
    observation.postgres_answers = postgres_answers;
    return world.cluster->observe(QuestionId{0}, observation);
}

TEST(Witnesses, BelievesPostgresqlWhenItsStatusAnswererIsLost) {
    World world(classic(1));
    world.tell_when_due(0, agents_answer(Role::primary));
    ASSERT_TRUE(world.row(0).accepts);
    EXPECT_EQ(world.cluster->second_witness(QuestionId{0}), static_cast<routing::ServerId>(0));
    const auto changes = answerer_lost(world, true);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_NE(changes[0].line.find("PostgreSQL itself takes connections; it stays primary"),
              std::string::npos)
        << changes[0].line;
    for (int i = 0; i < 9; ++i)
        EXPECT_TRUE(answerer_lost(world, true).empty());
    EXPECT_TRUE(world.row(0).accepts);
    EXPECT_FALSE(world.row(1).accepts);
    for (int i = 0; i < 3; ++i)
        answerer_lost(world, false);
    EXPECT_FALSE(world.row(0).accepts);
}

TEST(Witnesses, BelievesNoSecondWitnessAboutANodeThatNeverToldItsRole) {
    World world(classic(1));
    world.tell_when_due(0, answer(200));
    EXPECT_EQ(world.cluster->second_witness(QuestionId{0}), std::nullopt);
    for (int i = 0; i < 3; ++i)
        answerer_lost(world, true);
    EXPECT_FALSE(world.row(0).accepts);
}

TEST(Witnesses, BelievesNoSecondWitnessAboutAStandbyWhoseLagIsLimited) {
    config::Config config = classic(1);
    config.backends[1].max_lag.time = milliseconds(1000);
    World world(config);
    world.tell_when_due(0, agents_answer(Role::standby));
    ASSERT_TRUE(world.row(1).accepts);
    for (int i = 0; i < 3; ++i)
        answerer_lost(world, true);
    EXPECT_FALSE(world.row(1).accepts);
}

TEST(Witnesses, ANewPrimaryFencesTheOldOneWhoseStatusAnswererIsLost) {
    World world(classic(2));
    world.tell_when_due(0, agents_answer(Role::primary));
    world.tell_when_due(1, agents_answer(Role::standby));
    answerer_lost(world, true);
    ASSERT_TRUE(world.row(0).accepts);
    HttpAnswer promoted = agents_answer(Role::primary);
    promoted.node->timeline = pgwire::Timeline{2};
    world.tell_when_due(1, promoted);
    world.tell_when_due(1, promoted);
    EXPECT_EQ(world.row(0).cause, routing::Cause::old_timeline);
    EXPECT_TRUE(world.row(1).accepts);
    answerer_lost(world, true);
    EXPECT_EQ(world.row(0).cause, routing::Cause::old_timeline);
}

// Each of these says what makes pg0 unfit, and is not heard any more: with `fall 3` left to count,
// it must not become fit by that.
TEST(Witnesses, WhoWasUnfitDoesNotBecomeFitByFallingSilent) {
    struct Row {
        const char* what;
        void (*say)(World& world);
        Role role;
    };
    const std::vector<Row> rows{
        {"fenced",
         [](World& world) {
             HttpAnswer promoted = agents_answer(Role::primary);
             promoted.node->timeline = pgwire::Timeline{2};
             world.tell_when_due(1, promoted);
         },
         Role::primary},
        {"behind",
         [](World& world) {
             HttpAnswer promoted = agents_answer(Role::primary);
             promoted.node->timeline = pgwire::Timeline{2};
             world.tell_when_due(1, promoted);
         },
         Role::standby},
        {"lagging",
         [](World& world) {
             HttpAnswer slow = agents_answer(Role::standby);
             slow.node->replay_delay = milliseconds(5000);
             world.tell_when_due(0, slow);
         },
         Role::standby},
        {"silent",
         [](World& world) {
             HttpAnswer silent = answer(200);
             silent.node = NodeState{};
             world.tell_when_due(0, silent);
         },
         Role::primary},
    };
    const std::vector<Outcome> unheard{refused, Failure{FailureKind::answer_timeout, ""}};
    for (const Row& row : rows)
        for (const Outcome& outcome : unheard) {
            config::Config config = classic(2);
            config.backends[1].max_lag.time = milliseconds(1000);
            World world(config);
            const std::size_t server = row.role == Role::primary ? 0 : 2;
            world.tell_when_due(0, agents_answer(row.role));
            world.tell_when_due(1, agents_answer(Role::standby));
            ASSERT_TRUE(world.row(server).accepts) << row.what;
            row.say(world);
            ASSERT_FALSE(world.row(server).accepts) << row.what;
            for (int i = 0; i < 5; ++i) {
                world.tell_when_due(0, outcome);
                EXPECT_FALSE(world.row(server).accepts) << row.what << ", unheard " << i;
            }
        }
}

// A site goes back from the agent to a script: what the agent said last counts no more.
TEST(Witnesses, AScriptsAnswerTakesTheAgentsVoteBack) {
    World world(classic(2));
    world.tell_when_due(0, agents_answer(Role::primary));
    HttpAnswer promoted = agents_answer(Role::primary);
    promoted.node->timeline = pgwire::Timeline{2};
    world.tell_when_due(1, promoted);
    ASSERT_EQ(world.row(0).cause, routing::Cause::old_timeline);
    for (int i = 0; i < 3; ++i)
        world.tell_when_due(0, answer(200));
    EXPECT_TRUE(world.row(0).accepts);
}

}  // namespace
}  // namespace pgsteer::health
