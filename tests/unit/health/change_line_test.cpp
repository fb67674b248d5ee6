// The lines were compared with those of HAProxy 2.6 for the same answers.
#include <gtest/gtest.h>

#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

using Kind = Change::Kind;

std::vector<std::string> lines(const std::vector<Change>& changes) {
    std::vector<std::string> lines;
    for (const Change& change : changes)
        lines.push_back(change.line);
    return lines;
}

using Lines = std::vector<std::string>;

config::Config one_listener(std::size_t nodes) {
    config::Config config = classic(nodes);
    config.backends.resize(1);
    config.backends[0].servers[0].fall = 1;
    return config;
}

TEST(ChangeLine, ReportsTheFirstVerdictsAndNoAlarmWhileOneIsMissing) {
    World world(one_listener(2));
    EXPECT_EQ(lines(world.tell(1, answer(206, "Partial Content"), milliseconds(2))),
              Lines{"Server ReadWrite/pg1 is DOWN, reason: Layer7 wrong status, code: 206, info: "
                    "\"Partial Content\", check duration: 2ms. 0 active and 0 backup servers left. "
                    "0 sessions active, 0 requeued, 0 remaining in queue."});
    const auto changes = world.tell(0, answer(200, "OK"), milliseconds(1));
    EXPECT_EQ(lines(changes),
              Lines{"Server ReadWrite/pg0 is UP, reason: Layer7 check passed, code: 200, check "
                    "duration: 1ms. 1 active and 0 backup servers online. 0 sessions requeued, 0 "
                    "total in queue."});
    EXPECT_EQ(changes[0].kind, Kind::state);
    EXPECT_TRUE(changes[0].up);
    EXPECT_EQ(changes[0].server, static_cast<routing::ServerId>(0));
}

TEST(ChangeLine, SaysWhenTheLastServerHasGone) {
    World world(one_listener(1));
    world.tell(0, answer(200));
    world.row(0).shared->slots.try_take(routing::unlimited);
    world.now += milliseconds(3000);
    const auto changes =
        world.tell(0, Failure{FailureKind::connect, "Connection refused"}, milliseconds(0));
    EXPECT_EQ(lines(changes),
              (Lines{"Server ReadWrite/pg0 is DOWN, reason: Layer4 connection problem, info: "
                     "\"Connection refused\", check duration: 0ms. 0 active and 0 backup servers "
                     "left. 1 sessions active, 0 requeued, 0 remaining in queue.",
                     "proxy ReadWrite has no server available!"}));
    EXPECT_EQ(changes[1].kind, Kind::last_server_gone);
    EXPECT_FALSE(changes[1].up);
}

TEST(ChangeLine, TellsThatBackupsServe) {
    config::Config config = one_listener(2);
    config.backends[0].servers[1].backup = true;
    World world(config);
    EXPECT_EQ(lines(world.tell(1, answer(200)))[0].substr(0, 36),
              "Backup Server ReadWrite/pg1 is UP, r");
    world.tell(0, answer(200));
    world.now += milliseconds(3000);
    EXPECT_EQ(lines(world.tell(0, Failure{FailureKind::answer_timeout, "none within 3s"},
                               milliseconds(3000))),
              Lines{"Server ReadWrite/pg0 is DOWN, reason: Layer7 timeout, check duration: 3000ms. "
                    "0 active and 1 backup servers left. Running on backup. 0 sessions active, 0 "
                    "requeued, 0 remaining in queue."});
}

TEST(ChangeLine, ReportsEachNewsOfAChecksWhenAsked) {
    config::Config config = one_listener(1);
    config.backends[0].log_health_checks = true;
    config.backends[0].servers[0].fall = 2;
    World world(config);
    const std::string online =
        "1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.";
    EXPECT_EQ(lines(world.tell_when_due(0, answer(200, "OK"))),
              (Lines{"Health check for server ReadWrite/pg0 succeeded, reason: Layer7 check "
                     "passed, code: 200, check duration: 0ms, status: 2/2 UP.",
                     "Server ReadWrite/pg0 is UP. " + online}));
    EXPECT_EQ(lines(world.tell_when_due(0, answer(200, "OK"))), Lines{});
    EXPECT_EQ(lines(world.tell_when_due(0, answer(503, "Service Unavailable"))),
              Lines{"Health check for server ReadWrite/pg0 failed, reason: Layer7 wrong status, "
                    "code: 503, info: \"Service Unavailable\", check duration: 0ms, status: 1/2 "
                    "UP."});
    EXPECT_EQ(world.tell_when_due(0, answer(503)).size(), 3U);
    EXPECT_EQ(lines(world.tell_when_due(0, answer(503))), Lines{});
    const auto other = world.tell_when_due(0, Failure{FailureKind::bad_answer, ""});
    EXPECT_EQ(lines(other), Lines{"Health check for server ReadWrite/pg0 failed, reason: Layer7 "
                                  "invalid response, check duration: 0ms, status: 0/2 DOWN."});
    EXPECT_EQ(other[0].kind, Kind::check);
}

TEST(ChangeLine, ANodesWordsCannotForgeALine) {
    World world(one_listener(1));
    const auto changes = world.tell(0, answer(503, "a\", check duration: 0ms.\nServer X/Y is UP"));
    EXPECT_NE(changes[0].line.find("\"a', check duration: 0ms. Server X/Y is UP\""),
              std::string::npos)
        << changes[0].line;
}

}  // namespace
}  // namespace pgsteer::health
