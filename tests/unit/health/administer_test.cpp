#include <gtest/gtest.h>

#include "health/cluster.h"
#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

constexpr auto first = static_cast<routing::ServerId>(0);

// A primary, a standby; ReadWrite serves 0, ReadOnly serves 3.
World whole() {
    World world(classic(2));
    world.tell(0, answer(200));
    world.tell(1, answer(206));
    return world;
}

AdminState mode(AdminMode which) {
    AdminState admin;
    admin.mode = which;
    return admin;
}

TEST(Administer, AServerInMaintenanceTakesNoSessionAndIsNotAsked) {
    World world = whole();
    const auto changes = world.cluster->administer(first, mode(AdminMode::maintenance), world.now);
    ASSERT_FALSE(changes.empty());
    EXPECT_EQ(world.row(0).cause, routing::Cause::maintenance);
    EXPECT_EQ(world.row(0).cut_before, 0U) << "its sessions stay";
    EXPECT_EQ(world.state(0), "MAINT");
    // Its node's other listener still asks.
    EXPECT_NE(world.due(0), never);
    world.cluster->administer(static_cast<routing::ServerId>(2), mode(AdminMode::maintenance),
                              world.now);
    EXPECT_EQ(world.due(0), never);
}

TEST(Administer, WhatComesBackFromMaintenanceIsUnknownUntilItsNextCheck) {
    World world = whole();
    world.cluster->administer(first, mode(AdminMode::maintenance), world.now);
    world.tell(0, answer(200));
    EXPECT_FALSE(world.row(0).accepts) << "an answer that was under way";
    world.cluster->administer(first, mode(AdminMode::ready), world.now);
    EXPECT_EQ(world.row(0).cause, routing::Cause::never_judged);
    EXPECT_LE(world.due(0), world.now);
    world.tell(0, answer(200));
    EXPECT_TRUE(world.row(0).accepts);
}

TEST(Administer, AServerThatTheFileDisabledCanBeEnabled) {
    config::Config config = classic(1);
    config.backends.resize(1);
    config.backends[0].servers[0].disabled = true;
    World world(config);
    EXPECT_TRUE(world.cluster->questions().empty());
    world.cluster->administer(first, mode(AdminMode::ready), world.now);
    ASSERT_EQ(world.cluster->questions().size(), 1U);
    world.tell(0, answer(200));
    EXPECT_TRUE(world.row(0).accepts);
}

TEST(Administer, ADrainingServerKeepsItsSessionsAndItsVerdict) {
    World world = whole();
    world.cluster->administer(first, mode(AdminMode::drain), world.now);
    EXPECT_EQ(world.row(0).cause, routing::Cause::draining);
    EXPECT_EQ(world.state(0), "DRAIN");
    world.cluster->administer(first, mode(AdminMode::ready), world.now);
    EXPECT_TRUE(world.row(0).accepts) << "nothing was forgotten meanwhile";
}

TEST(Administer, AFencedServerIsFencedWhateverAnOperatorSays) {
    World world(classic(2));
    HttpAnswer one = answer(200);
    one.node = NodeState{};
    one.node->role = Role::primary;
    one.node->timeline = pgwire::Timeline{2};
    HttpAnswer other = one;
    other.node->timeline = pgwire::Timeline{1};
    world.cluster->move(static_cast<routing::ServerId>(0), {{Address::ipv4(1, Port{1})}, {}, "x"},
                        world.now);
    world.cluster->move(static_cast<routing::ServerId>(1), {{Address::ipv4(2, Port{1})}, {}, "x"},
                        world.now);
    world.tell(0, one);
    world.tell(1, other);
    world.cluster->force_health(static_cast<routing::ServerId>(1), ForcedHealth::up, world.now);
    world.cluster->administer(static_cast<routing::ServerId>(1), mode(AdminMode::drain), world.now);
    world.cluster->administer(static_cast<routing::ServerId>(1), mode(AdminMode::ready), world.now);
    EXPECT_EQ(world.row(1).cause, routing::Cause::old_timeline);
    EXPECT_TRUE(world.row(0).accepts);
}

TEST(Administer, WeightsAndLimitsAreInTheNextTable) {
    World world = whole();
    AdminState admin;
    admin.weight = 7;
    admin.maxconn = 3;
    const auto before = world.cluster->table()->version;
    world.cluster->administer(first, admin, world.now);
    EXPECT_EQ(world.row(0).weight, 7U);
    EXPECT_EQ(world.row(0).limit, 3U);
    EXPECT_EQ(world.table->version, before + 1);
    world.cluster->administer(first, admin, world.now);
    EXPECT_EQ(world.cluster->table()->version, before + 1) << "nothing new, no new table";
}

TEST(Administer, AnAddressOfAnOperatorStandsAgainstTheNames) {
    World world = whole();
    AdminState admin;
    admin.address = Address::ipv4(0x7f000109, Port{5555});
    world.cluster->administer(first, admin, world.now);
    world.cluster->move(first, {{Address::ipv4(1, Port{1})}, {}, "x"}, world.now);
    EXPECT_EQ(world.row(0).addresses, std::vector{*admin.address});
}

TEST(Administer, AnotherCheckPortIsAnotherQuestion) {
    World world = whole();
    AdminState admin;
    admin.check_port = Port{9999};
    world.cluster->administer(first, admin, world.now);
    ASSERT_EQ(world.cluster->questions().size(), 3U);
    EXPECT_EQ(world.cluster->questions()[2].port, Port{9999});
    EXPECT_EQ(world.cluster->questions()[2].servers, std::vector{first});
    world.tell(2, answer(503));
    world.tell(2, answer(503));
    EXPECT_TRUE(world.row(2).cause == routing::Cause::check_failed || !world.row(0).accepts);
}

TEST(Administer, PausedChecksLeaveTheVerdictAsItIs) {
    World world = whole();
    AdminState admin;
    admin.checks_paused = true;
    world.cluster->administer(first, admin, world.now);
    for (int i = 0; i < 5; ++i)
        world.tell(0, answer(503));
    EXPECT_TRUE(world.row(0).accepts);
}

TEST(Administer, ForcedHealthHoldsUntilTheNextCheckSaysOtherwise) {
    World world = whole();
    world.cluster->force_health(first, ForcedHealth::down, world.now);
    EXPECT_EQ(world.row(0).cause, routing::Cause::check_failed);
    world.cluster->force_health(first, ForcedHealth::stopping, world.now);
    EXPECT_EQ(world.row(0).cause, routing::Cause::draining);
    world.cluster->force_health(first, ForcedHealth::up, world.now);
    EXPECT_TRUE(world.row(0).accepts);
}

TEST(Administer, EndedSessionsAreOnesThatWereChosenBefore) {
    World world = whole();
    const auto before = world.cluster->table()->version;
    world.cluster->end_sessions(first);
    EXPECT_EQ(world.row(0).killed_before, before + 1);
    EXPECT_EQ(world.table->version, before + 1);
    EXPECT_TRUE(world.row(0).accepts) << "new ones may come";
}

TEST(Administer, AServerCanBeAddedAndGoesTheWayOfAllOthers) {
    World world = whole();
    const auto id = world.cluster->add_server(static_cast<routing::BackendId>(0),
                                              sample_server("fresh"), world.now);
    EXPECT_EQ(world.cluster->find("ReadWrite", "fresh"), id);
    EXPECT_EQ(world.row(routing::index_of(id)).cause, routing::Cause::maintenance);
    EXPECT_EQ(world.cluster->view(id, world.now).number, 3U);
    world.cluster->administer(id, mode(AdminMode::ready), world.now);
    world.tell(2, answer(200));
    EXPECT_TRUE(world.row(routing::index_of(id)).accepts);
    world.cluster->administer(id, mode(AdminMode::maintenance), world.now);
    world.cluster->remove_server(id);
    EXPECT_EQ(world.cluster->find("ReadWrite", "fresh"), std::nullopt);
    EXPECT_EQ(world.cluster->table()->backends[0].servers.size(), 2U);
    EXPECT_EQ(world.due(2), never);
}

TEST(Administer, StatesAreKeptByName) {
    World world = whole();
    EXPECT_TRUE(world.cluster->admin_states().empty());
    AdminState admin;
    admin.weight = 5;
    world.cluster->administer(first, admin, world.now);
    const auto states = world.cluster->admin_states();
    ASSERT_EQ(states.size(), 1U);
    EXPECT_EQ(states.at("ReadWrite/pg0"), admin);
}

TEST(Administer, AFrontendCanBePausedAndGivenAnotherLimit) {
    World world = whole();
    const auto front = static_cast<routing::FrontendId>(0);
    FrontendAdmin admin;
    admin.mode = FrontendAdmin::Mode::paused;
    admin.maxconn = 5;
    world.cluster->administer(front, admin);
    EXPECT_FALSE(world.cluster->table()->at(front).listens);
    EXPECT_EQ(world.cluster->table()->at(front).limit, 5U);
    admin.mode = FrontendAdmin::Mode::open;
    world.cluster->administer(front, admin);
    EXPECT_TRUE(world.cluster->table()->at(front).listens);
}

}  // namespace
}  // namespace pgsteer::health
