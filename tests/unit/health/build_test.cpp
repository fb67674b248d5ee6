#include "health/build.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

using routing::ServerId;

TEST(Build, NumbersServersAndProxiesAsTheFileDoes) {
    config::Config config = classic(2);
    config::Frontend page;
    page.name = "stats";
    page.mode = config::Frontend::Mode::http;
    config.frontends.insert(config.frontends.begin(), page);
    config.global.maxconn = 100;
    config.frontends[1].maxconn = 40;
    config.backends[1].servers[1].maxconn = 7;
    config.backends[1].servers[1].weight = 9;
    config.backends[1].servers[1].backup = true;
    const routing::RoutingTable table = first_rows(config, 3);
    ASSERT_EQ(table.frontends.size(), 2U);
    EXPECT_EQ(table.frontends[0].name, "ReadWrite");
    EXPECT_EQ(table.frontends[0].limit, 40U);
    EXPECT_EQ(table.frontends[1].backend, static_cast<routing::BackendId>(1));
    ASSERT_EQ(table.servers.size(), 4U);
    EXPECT_EQ(table.servers[3].name, "pg1");
    EXPECT_EQ(table.servers[3].backend, static_cast<routing::BackendId>(1));
    EXPECT_EQ(table.servers[3].limit, 7U);
    EXPECT_EQ(table.servers[3].weight, 9U);
    EXPECT_TRUE(table.servers[3].backup);
    EXPECT_EQ(table.backends[1].servers,
              (std::vector{static_cast<ServerId>(2), static_cast<ServerId>(3)}));
    EXPECT_EQ(table.limit, 100U);
    EXPECT_EQ(table.shared->traffic.size(), 3U);
}

TEST(Build, FillsInTimeoutsThatAreNotSet) {
    config::Config config = classic(1);
    routing::RoutingTable table = first_rows(config, 1);
    EXPECT_EQ(table.backends[0].queue_timeout, milliseconds(4000));  // the connect timeout
    EXPECT_EQ(table.backends[0].server_fin_timeout, seconds(5));
    EXPECT_EQ(table.frontends[0].client_fin_timeout, seconds(5));
    config.backends[0].queue_timeout = milliseconds(700);
    config.backends[0].server_fin_timeout = milliseconds(800);
    config.frontends[0].client_fin_timeout = milliseconds(900);
    table = first_rows(config, 1);
    EXPECT_EQ(table.backends[0].queue_timeout, milliseconds(700));
    EXPECT_EQ(table.backends[0].server_fin_timeout, milliseconds(800));
    EXPECT_EQ(table.frontends[0].client_fin_timeout, milliseconds(900));
}

struct ScheduleRow {
    const char* what;
    std::vector<bool> up, backup;
    std::vector<std::uint32_t> weight;
    bool all_backups;
    std::vector<std::size_t> sorted_schedule;
};

TEST(Build, SchedulesTheServersThatAcceptOnceForEachWeight) {
    const std::vector<ScheduleRow> rows{
        {"all up", {true, true, true}, {false, false, false}, {1, 1, 1}, false, {0, 1, 2}},
        {"one down", {true, false, true}, {false, false, false}, {1, 1, 1}, false, {0, 2}},
        {"weights", {true, true, false}, {false, false, false}, {2, 1, 5}, false, {0, 0, 1}},
        {"weight 0", {true, true, true}, {false, false, false}, {0, 1, 1}, false, {1, 2}},
        {"backups rest", {true, true, true}, {false, true, true}, {1, 1, 1}, false, {0}},
        {"the first backup serves",
         {false, true, true},
         {false, true, true},
         {1, 1, 1},
         false,
         {1}},
        {"all backups serve", {false, true, true}, {false, true, true}, {1, 1, 1}, true, {1, 2}},
        {"none", {false, false, false}, {false, false, true}, {1, 1, 1}, true, {}},
    };
    for (const ScheduleRow& row : rows) {
        config::Config config = classic(3);
        config.backends.resize(1);
        config.backends[0].all_backups = row.all_backups;
        for (std::size_t i = 0; i < 3; ++i) {
            config.backends[0].servers[i].backup = row.backup[i];
            config.backends[0].servers[i].weight = row.weight[i];
        }
        World world(config);
        for (std::size_t i = 0; i < 3; ++i)
            world.tell(i, answer(row.up[i] ? 200 : 503));
        std::vector<std::size_t> schedule;
        for (const ServerId id : world.cluster->table()->backends[0].schedule)
            schedule.push_back(routing::index_of(id));
        std::sort(schedule.begin(), schedule.end());
        EXPECT_EQ(schedule, row.sorted_schedule) << row.what;
    }
}

TEST(Build, LeavesOutAFrontendWithoutABackend) {
    config::Config config = classic(1);
    config.frontends[0].default_backend.reset();
    const routing::RoutingTable table = first_rows(config, 1);
    ASSERT_EQ(table.frontends.size(), 1U);
    EXPECT_EQ(table.frontends[0].name, "ReadOnly");
}

}  // namespace
}  // namespace pgsteer::health
