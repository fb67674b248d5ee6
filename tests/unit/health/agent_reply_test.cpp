#include "health/agent_reply.h"

#include <gtest/gtest.h>

#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

using Admin = AgentReply::Admin;

TEST(AgentReply, is_read_as_haproxy_reads_it) {
    const AgentReply reply = read_agent_reply(" UP, ready\t75% maxconn:30 # all is well");
    EXPECT_EQ(reply.up, true);
    EXPECT_EQ(reply.admin, Admin::ready);
    EXPECT_EQ(reply.weight_percent, 75U);
    EXPECT_EQ(reply.maxconn, 30U);
    EXPECT_EQ(reply.text, "all is well");
    EXPECT_EQ(read_agent_reply("fail#disk").up, std::nullopt);
    EXPECT_EQ(read_agent_reply("fail #disk").up, false);
    EXPECT_EQ(read_agent_reply("up down").up, false);  // the last one counts
    EXPECT_EQ(read_agent_reply("75").error, "75");
    EXPECT_EQ(read_agent_reply("-5%").error, "-5%");
    EXPECT_EQ(read_agent_reply("99999999%").error, "99999999%");
    EXPECT_EQ(read_agent_reply("").up, std::nullopt);
    EXPECT_EQ(read_agent_reply("#").text, "");
}

config::Config with_agent() {
    config::Config config = classic(1);
    config.backends.resize(1);
    config::Server& server = config.backends[0].servers[0];
    server.weight = 100;
    server.agent.enabled = true;
    server.agent.port = Port{9999};
    return config;
}

// The check passes; then the agent speaks. Question 0 is the check's, question 1 the agent's.
struct Spoken {
    explicit Spoken(const std::string& line) : world(with_agent()) {
        world.tell(0, answer(200));
        changes = world.tell(1, AgentLine{line, true});
    }
    World world;
    std::vector<Change> changes;
};

TEST(AgentCheck, is_asked_beside_the_check_and_moves_what_haproxys_moves) {
    EXPECT_TRUE(Spoken("up").world.row(0).accepts);
    Spoken down("down #disk full");
    EXPECT_FALSE(down.world.row(0).accepts);
    EXPECT_EQ(down.world.state(0), "DOWN (agent)");
    ASSERT_EQ(down.changes.size(), 2U);
    EXPECT_TRUE(down.changes[0].line.starts_with(
        "Server ReadWrite/pg0 is DOWN, reason: Layer7 wrong status, code: 0, info: \"via agent : "
        "down (disk full)\", check duration"))
        << down.changes[0].line;
    down.world.tell(1, AgentLine{"up", true});
    EXPECT_TRUE(down.world.row(0).accepts);

    Spoken drain("drain");
    EXPECT_EQ(drain.world.row(0).cause, routing::Cause::draining);
    EXPECT_EQ(drain.world.row(0).cut_before, 0U);
    EXPECT_EQ(drain.world.state(0), "DRAIN (agent)");
    Spoken maintenance("maint");
    EXPECT_EQ(maintenance.world.row(0).cause, routing::Cause::maintenance);
    maintenance.world.tell(1, AgentLine{"ready", true});
    EXPECT_TRUE(maintenance.world.row(0).accepts);

    Spoken weights("25% maxconn:7");
    EXPECT_EQ(weights.world.row(0).weight, 25U);
    EXPECT_EQ(weights.world.row(0).limit, 7U);
}

TEST(AgentCheck, that_cannot_be_asked_changes_nothing) {
    Spoken down("down");
    down.world.tell(1, Failure{FailureKind::connect, "Connection refused"});
    down.world.tell(1, AgentLine{"up", false});
    EXPECT_FALSE(down.world.row(0).accepts);
}

TEST(Track, follows_the_other_servers_verdict) {
    config::Config config = classic(1);
    config::Server& follower = config.backends[1].servers[0];
    follower.check = false;
    follower.track = "ReadWrite/pg0";
    World world(config);
    ASSERT_EQ(world.cluster->questions().size(), 1U);
    EXPECT_EQ(world.row(1).cause, routing::Cause::never_judged);
    world.tell(0, answer(200));
    EXPECT_TRUE(world.row(1).accepts);
    EXPECT_EQ(world.state(1), "UP");
    for (int i = 0; i < 3; ++i)
        world.tell_when_due(0, answer(503));
    EXPECT_FALSE(world.row(1).accepts);
}

TEST(Observe, counts_failed_connects_in_a_row) {
    using Action = config::Observe::Action;
    for (const auto action :
         {Action::fast_inter, Action::fail_check, Action::sudden_death, Action::mark_down}) {
        config::Config config = classic(1);
        config.backends.resize(1);
        config.backends[0].servers[0].observe = {true, 2, action};
        World world(config);
        world.tell(0, answer(200));
        world.cluster->connect_failed(routing::ServerId{}, ETIMEDOUT, world.now);
        EXPECT_EQ(world.state(0), "UP");
        world.cluster->connect_failed(routing::ServerId{}, ETIMEDOUT, world.now);
        const char* const expected = action == Action::fast_inter     ? "UP"
                                     : action == Action::fail_check   ? "UP 2/3"
                                     : action == Action::sudden_death ? "UP 1/3"
                                                                      : "DOWN";
        EXPECT_EQ(world.state(0), expected);
    }
}

TEST(Judge, takes_a_404_of_a_fit_server_as_no_new_sessions) {
    config::Config config = classic(1);
    config.backends.resize(1);
    config.backends[0].check.disable_on_404 = true;
    World world(config);
    world.tell(0, answer(404));
    EXPECT_EQ(world.row(0).cause, routing::Cause::check_failed);
    world.tell_when_due(0, answer(200));
    world.tell_when_due(0, answer(200));
    ASSERT_TRUE(world.row(0).accepts);
    world.tell_when_due(0, answer(404));
    EXPECT_EQ(world.row(0).cause, routing::Cause::draining);
    EXPECT_EQ(world.state(0), "NOLB");
}

}  // namespace
}  // namespace pgsteer::health
