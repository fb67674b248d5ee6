#include "top/picture.h"

#include <gtest/gtest.h>

#include "unit/top/sample.h"

namespace pgsteer::top {
namespace {

TEST(SplitAnswers, KeepsTheirOrderAlsoWhereOneIsEmpty) {
    EXPECT_EQ(split_answers("a\nb\n\nc\n\n"), (std::vector<std::string>{"a\nb", "c"}));
    EXPECT_EQ(split_answers("a\n\n\nc\n"), (std::vector<std::string>{"a", "", "c\n"}));
    EXPECT_EQ(split_answers(""), std::vector<std::string>{});
}

TEST(Picture, HasTheNodesTheServersAndTheSessions) {
    const auto picture = read_picture(answers(), true);
    ASSERT_TRUE(picture) << picture.error().text;
    EXPECT_EQ(picture->node, "lb1");
    EXPECT_EQ(picture->uptime, seconds(3725));
    EXPECT_EQ(picture->level, "admin");
    EXPECT_TRUE(picture->whole);
    ASSERT_EQ(picture->nodes.size(), 2U);
    EXPECT_EQ(picture->nodes[1].role, "standby");
    EXPECT_EQ(picture->nodes[1].lag, "42 B, 3ms");
    ASSERT_EQ(picture->rows.size(), 6U);
    EXPECT_EQ(picture->rows[1].path(), "ReadWrite/pg0");
    EXPECT_EQ(picture->rows[1].sessions, 2U);
    EXPECT_EQ(picture->rows[3].kind, Row::Kind::backend);
    EXPECT_EQ(picture->rows[3].waiting, 3U);
    ASSERT_EQ(picture->lines.size(), 2U);
    EXPECT_EQ(picture->lines[0].id, "0x1");
    EXPECT_EQ(picture->lines[0].client, "10.9.9.9:4711");
    EXPECT_EQ(picture->lines[0].age, seconds(90));
    EXPECT_EQ(picture->lines[0].bytes_in, 1000U);
    EXPECT_EQ(picture->lines[0].bytes_out, 2000U);
    EXPECT_EQ(picture->events.size(), 1U);
}

TEST(Picture, ReadsAQuotedValueWithACommaAsOne) {
    Answers parts;
    parts.stat = "# pxname,svname,cause,status\n\"Read,\"\"Write\",pg0,up,UP\n";
    const auto picture = read_picture(answers(parts), false);
    ASSERT_TRUE(picture);
    EXPECT_EQ(picture->rows.at(0).proxy, "Read,\"Write");
    EXPECT_EQ(picture->rows.at(0).cause, "up");
}

TEST(Picture, SaysThatALowLevelDoesNotShowSessions) {
    Answers parts;
    parts.level = "user";
    parts.events = "Permission denied";
    parts.sessions = "Permission denied\n";
    const auto picture = read_picture(answers(parts), true);
    ASSERT_TRUE(picture);
    EXPECT_FALSE(picture->may_act());
    EXPECT_NE(picture->sessions_not_shown.value_or("").find("'user'"), std::string::npos);
    EXPECT_TRUE(picture->lines.empty());
    EXPECT_TRUE(picture->events.empty());
}

TEST(Picture, RefusesWhatIsNoRoutersAnswerAndQuotesIt) {
    const auto other = read_picture("HTTP/1.1 400 Bad Request\r\n\r\n", false);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().text.find("HTTP/1.1 400"), std::string::npos);
    Answers parts;
    for (const std::string cluster :
         {"Unknown command", "[1, 2]", R"({"nodes": 3})", R"({"nodes": [{"fenced": "yes"}]})"}) {
        parts.cluster = cluster;
        EXPECT_FALSE(read_picture(answers(parts), false)) << cluster;
    }
    EXPECT_FALSE(read_picture("", false));
}

TEST(Picture, PassesNothingOnThatATerminalWouldTakeForACommand) {
    Answers parts;
    parts.events = "2026-01-01 pg0 said \x1b[2Jthis";
    const auto picture = read_picture(answers(parts), false);
    ASSERT_TRUE(picture);
    EXPECT_EQ(picture->events.at(0), "2026-01-01 pg0 said ?[2Jthis");
}

TEST(Rates, AreWhatCameSinceThePictureBefore) {
    auto before = *read_picture(answers(), false);
    auto now = before;
    now.rows[1].bytes_in += 500;
    now.rows[2].bytes_out = 0;  // its counters were cleared
    set_rates(now, before, seconds(2));
    EXPECT_DOUBLE_EQ(now.rows[1].in_per_second, 250);
    EXPECT_DOUBLE_EQ(now.rows[2].out_per_second, 0);
}

}  // namespace
}  // namespace pgsteer::top
