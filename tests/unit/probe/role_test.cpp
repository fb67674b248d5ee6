#include "probe/role.h"

#include <gtest/gtest.h>

#include "probe/conninfo.h"

namespace pgsteer::probe {
namespace {

using health::Role;
using namespace std::chrono_literals;

RoleState primary_asked_at(TimePoint asked) {
    RoleState state;
    state.node.role = Role::primary;
    state.node.doubt = health::Doubt::none;
    state.node.timeline = pgwire::Timeline{3};
    state.asked = asked;
    return state;
}

TEST(RoleState, IsBelievedWhileItsAnswerIsFresh) {
    const TimePoint asked(100s);
    EXPECT_EQ(believable(primary_asked_at(asked), 1050ms, asked + 1050ms).node.role, Role::primary);
}

TEST(RoleState, IsUnknownWhenItsAnswerIsOlderThanItMayBe) {
    const TimePoint asked(100s);
    const RoleState old = believable(primary_asked_at(asked), 1050ms, asked + 1051ms);
    EXPECT_EQ(old.node.role, Role::unknown);
    EXPECT_EQ(old.node.reason, "no answer within 1050ms");
    EXPECT_FALSE(old.node.timeline);
}

TEST(Conninfo, ReadsKeywordsAndUris) {
    EXPECT_EQ(read_conninfo("host=db1 options='-c geqo=off'")->host, "db1");
    EXPECT_EQ(read_conninfo("host=db1 options='-c geqo=off'")->options, "-c geqo=off");
    EXPECT_EQ(read_conninfo("postgresql://u@db2:5433/x")->host, "db2");
    EXPECT_FALSE(read_conninfo("host"));
    EXPECT_FALSE(read_conninfo("hots=a"));
}

TEST(Conninfo, SeesAPasswordInEitherForm) {
    EXPECT_FALSE(read_conninfo("host=a user=b passfile=/x")->has_password);
    EXPECT_TRUE(read_conninfo("host=a password=secret")->has_password);
    EXPECT_TRUE(read_conninfo("postgresql://u:secret@a/x")->has_password);
}

TEST(Conninfo, OnlyASingleNameIsResolvedHere) {
    const auto needs = [](const char* text) { return needs_resolving(*read_conninfo(text)); };
    EXPECT_TRUE(needs("host=db1.example"));
    EXPECT_FALSE(needs("host=127.0.0.1"));
    EXPECT_FALSE(needs("host=::1"));
    EXPECT_FALSE(needs("host=/run/postgresql"));
    EXPECT_FALSE(needs("host=@abstract"));
    EXPECT_FALSE(needs("host=a,b"));
    EXPECT_FALSE(needs("host=db1 hostaddr=127.0.0.1"));
}

}  // namespace
}  // namespace pgsteer::probe
