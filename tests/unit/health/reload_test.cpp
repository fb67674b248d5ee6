#include <gtest/gtest.h>

#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

using routing::Cause;

// The classic two nodes: pg0 says primary, pg1 standby. Rows: ReadWrite 0 and 1, ReadOnly 2 and 3.
struct Reload : ::testing::Test {
    World world{classic(2)};

    void SetUp() override {
        (void)world.tell(0, answer(200));
        (void)world.tell(1, answer(206));
        ASSERT_TRUE(world.row(0).accepts);
        ASSERT_TRUE(world.row(3).accepts);
    }
    // What the file says now.
    template <class Change>
    Reloaded reload(Change change) {
        auto next = std::make_shared<config::Config>(world.config);
        change(*next);
        return world.cluster->reload(next, world.now);
    }
    AdminState admin(std::size_t server) const {
        return world.cluster->admin(static_cast<routing::ServerId>(server));
    }
    template <class Order>
    void administer(std::size_t server, Order order) {
        AdminState state;
        order(state);
        (void)world.cluster->administer(static_cast<routing::ServerId>(server), state, world.now);
    }
};

TEST_F(Reload, an_unchanged_file_changes_no_server) {
    const auto before = world.cluster->table();
    const auto due = world.due(0);
    const Reloaded reloaded = reload([](config::Config&) {});
    const auto after = world.cluster->table();
    EXPECT_TRUE(reloaded.changes.empty());
    EXPECT_EQ(reloaded.unchanged, 4U);
    ASSERT_EQ(after->servers.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(after->servers[i].accepts, before->servers[i].accepts) << i;
        EXPECT_EQ(after->servers[i].cause, before->servers[i].cause) << i;
        EXPECT_EQ(after->servers[i].cut_before, before->servers[i].cut_before) << i;
        EXPECT_EQ(after->servers[i].shared, before->servers[i].shared) << i;
    }
    EXPECT_EQ(after->backends[0].schedule, before->backends[0].schedule);
    EXPECT_EQ(after->backends[0].shared, before->backends[0].shared);
    EXPECT_EQ(after->frontends[0].shared, before->frontends[0].shared);
    EXPECT_EQ(after->shared, before->shared);
    EXPECT_EQ(world.cluster->questions().size(), 2U);
    EXPECT_EQ(world.due(0), due);
}

TEST(ReloadOfChecksThatTellTheState, changes_no_server_and_asks_nothing_anew) {
    config::Config config = classic(2);
    for (config::Backend& backend : config.backends)
        backend.check.send_state = true;
    World world(config);
    const std::size_t questions = world.cluster->questions().size();
    EXPECT_EQ(questions, 4U);  // each is about one server
    (void)world.tell(0, answer(200));
    ASSERT_TRUE(world.row(0).accepts);
    const Reloaded reloaded =
        world.cluster->reload(std::make_shared<const config::Config>(world.config), world.now);
    EXPECT_EQ(reloaded.judged_anew, 0U);
    EXPECT_EQ(reloaded.unchanged, 4U);
    EXPECT_TRUE(world.row(0).accepts);
    EXPECT_EQ(world.cluster->questions().size(), questions);
}

TEST_F(Reload, a_new_server_is_never_judged_and_moves_nobody) {
    const Reloaded reloaded = reload([](config::Config& config) {
        auto& servers = config.backends[0].servers;
        servers.insert(servers.begin(), sample_server("pg9"));
    });
    const auto table = world.cluster->table();
    EXPECT_EQ(reloaded.judged_anew, 1U);
    ASSERT_EQ(table->servers.size(), 5U);
    EXPECT_EQ(table->servers[4].name, "pg9");
    EXPECT_EQ(table->servers[4].cause, Cause::never_judged);
    EXPECT_FALSE(table->servers[4].accepts);
    EXPECT_TRUE(table->servers[0].accepts);
    const std::vector<routing::ServerId> in_order{routing::ServerId{4}, routing::ServerId{0},
                                                  routing::ServerId{1}};
    EXPECT_EQ(table->backends[0].servers, in_order);
    EXPECT_EQ(world.due(2), world.now);
}

TEST_F(Reload, a_server_whose_check_asks_something_else_is_judged_anew_and_keeps_its_sessions) {
    const auto before = world.cluster->table();
    const Reloaded reloaded = reload(
        [](config::Config& config) { config.backends[0].servers[0].check_port = Port{8008}; });
    const routing::ServerRow& row = world.row(0);
    EXPECT_EQ(reloaded.judged_anew, 1U);
    EXPECT_EQ(row.cause, Cause::never_judged);
    EXPECT_FALSE(row.accepts);
    EXPECT_EQ(row.cut_before, before->servers[0].cut_before);
    EXPECT_EQ(row.shared, before->servers[0].shared);
    (void)world.tell(2, answer(200));
    EXPECT_TRUE(world.row(0).accepts);
}

TEST_F(Reload, another_expectation_is_another_check) {
    (void)reload([](config::Config& config) {
        config.backends[1].check = http_check({expect(config::Expect::Kind::status, "200")});
    });
    EXPECT_EQ(world.row(3).cause, Cause::never_judged);
    EXPECT_TRUE(world.row(0).accepts);
}

TEST_F(Reload, other_thresholds_and_times_keep_the_verdict) {
    const Reloaded reloaded = reload([](config::Config& config) {
        for (config::Server& server : config.backends[0].servers) {
            server.rise = 5;
            server.fall = 1;
            server.inter = milliseconds(100);
        }
        config.backends[0].check_timeout = milliseconds(700);
    });
    EXPECT_EQ(reloaded.unchanged, 4U);
    EXPECT_TRUE(world.row(0).accepts);
    EXPECT_EQ(world.state(0), "UP");
    EXPECT_FALSE(world.row(1).accepts);
}

TEST_F(Reload, a_removed_server_takes_no_session_and_keeps_its_row) {
    const auto shared = world.row(0).shared;
    const Reloaded reloaded = reload([](config::Config& config) {
        config.backends[0].servers.erase(config.backends[0].servers.begin());
    });
    const auto table = world.cluster->table();
    ASSERT_EQ(reloaded.removed, std::vector{routing::ServerId{0}});
    EXPECT_TRUE(reloaded.changes.empty());
    EXPECT_FALSE(table->servers[0].accepts);
    EXPECT_EQ(table->servers[0].shared, shared);
    EXPECT_EQ(table->servers[0].cut_before, 0U);
    EXPECT_EQ(table->backends[0].servers, std::vector{routing::ServerId{1}});
    EXPECT_EQ(world.cluster->find("ReadWrite", "pg0"), std::nullopt);
    EXPECT_EQ(world.cluster->servers().size(), 3U);
    EXPECT_EQ(world.cluster->removed_at(routing::ServerId{0}), world.now);
}

TEST_F(Reload, one_that_comes_back_gets_its_place_and_is_judged_anew) {
    administer(0, [](AdminState& admin) { admin.weight = 7; });
    (void)reload([](config::Config& config) {
        config.backends[0].servers.erase(config.backends[0].servers.begin());
    });
    (void)reload([](config::Config&) {});
    EXPECT_EQ(world.cluster->table()->servers.size(), 4U);
    EXPECT_EQ(world.row(0).cause, Cause::never_judged);
    EXPECT_EQ(admin(0), AdminState{});
}

TEST_F(Reload, another_address_is_another_server) {
    const auto shared = world.row(0).shared;
    administer(0, [](AdminState& admin) {
        admin.mode = AdminMode::drain;
        admin.address = Address::any_ipv4(Port{1});
    });
    const Reloaded reloaded = reload(
        [](config::Config& config) { config.backends[0].servers[0].endpoint.host = "elsewhere"; });
    const auto table = world.cluster->table();
    EXPECT_EQ(reloaded.removed, std::vector{routing::ServerId{0}});
    ASSERT_EQ(table->servers.size(), 5U);
    EXPECT_NE(table->servers[4].shared, shared);
    EXPECT_EQ(world.cluster->find("ReadWrite", "pg0"), routing::ServerId{4});
    EXPECT_EQ(admin(4).mode, AdminMode::drain);
    EXPECT_EQ(admin(4).address, std::nullopt);
}

TEST_F(Reload, what_an_operator_said_stands_until_the_file_says_something_else) {
    administer(0, [](AdminState& admin) {
        admin.mode = AdminMode::maintenance;
        admin.weight = 7;
        admin.maxconn = 3;
    });
    (void)reload([](config::Config&) {});
    EXPECT_EQ(world.row(0).cause, Cause::maintenance);
    EXPECT_EQ(world.row(0).weight, 7U);
    (void)reload([](config::Config& config) { config.backends[0].servers[0].weight = 20; });
    EXPECT_EQ(world.row(0).weight, 20U);
    EXPECT_EQ(world.row(0).limit, 3U);
    EXPECT_EQ(world.row(0).cause, Cause::maintenance);
}

TEST_F(Reload, slow_start_goes_on_where_it_was) {
    world.config.backends[0].servers[0].slow_start = milliseconds(20'000);
    (void)reload([](config::Config&) {});
    for (int i = 0; i < 3; ++i)
        (void)world.tell_when_due(0, answer(503));
    for (int i = 0; i < 2; ++i)
        (void)world.tell_when_due(0, answer(200));
    world.now += seconds(5);
    (void)world.cluster->advance(world.now);
    const std::uint32_t percent = world.row(0).pace.percent;
    EXPECT_LT(percent, 100U);
    EXPECT_GT(percent, 10U);
    (void)reload([](config::Config&) {});
    EXPECT_EQ(world.row(0).pace.percent, percent);
}

TEST_F(Reload, proxies_that_are_gone_are_retired_and_come_back_to_their_place) {
    const auto shared = world.cluster->table()->backends[0].shared;
    (void)reload([](config::Config& config) {
        config.backends.erase(config.backends.begin());
        config.frontends.erase(config.frontends.begin());
    });
    auto table = world.cluster->table();
    EXPECT_TRUE(table->backends[0].retired);
    EXPECT_TRUE(table->frontends[0].retired);
    EXPECT_FALSE(table->backends[1].retired);
    EXPECT_EQ(table->frontends[1].backend, routing::BackendId{1});
    EXPECT_TRUE(table->servers[3].accepts);
    (void)reload([](config::Config&) {});
    table = world.cluster->table();
    EXPECT_EQ(table->backends.size(), 2U);
    EXPECT_FALSE(table->backends[0].retired);
    EXPECT_EQ(table->backends[0].shared, shared);
    EXPECT_EQ(table->frontends[0].backend, routing::BackendId{0});
}

TEST_F(Reload, an_answer_that_was_under_way_counts_for_who_still_wants_it) {
    world.now = world.due(0);
    world.cluster->asking(QuestionId{0}, world.now);
    (void)reload([](config::Config& config) {
        config.backends.pop_back();
        config.frontends.pop_back();
    });
    (void)world.cluster->observe(QuestionId{0}, {world.now, {}, answer(503)});
    EXPECT_EQ(world.state(0), "UP 2/3");
}

TEST_F(Reload, a_question_of_nobody_is_not_due) {
    (void)reload([](config::Config& config) {
        for (config::Backend& backend : config.backends)
            backend.servers.erase(backend.servers.begin());
    });
    EXPECT_EQ(world.due(0), never);
    EXPECT_TRUE(world.cluster->questions()[0].servers.empty());
}

}  // namespace
}  // namespace pgsteer::health
