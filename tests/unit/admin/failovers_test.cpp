// How long a backend was without a server, and who took over.
#include "admin/failovers.h"

#include <gtest/gtest.h>

namespace pgsteer::admin {
namespace {

struct World {
    World() {
        table.backends.resize(1);
        table.backends[0].name = "ReadWrite";
        table.backends[0].shared = std::make_shared<routing::Shared>(1);
        for (const char* name : {"pg0", "pg1", "pg2"}) {
            routing::ServerRow& row = table.servers.emplace_back();
            row.name = name;
            table.backends[0].servers.push_back(
                static_cast<routing::ServerId>(table.servers.size() - 1));
        }
    }
    // `serving`: their digits.
    void at(milliseconds time, const std::string& serving) {
        for (std::size_t i = 0; i < table.servers.size(); ++i)
            table.servers[i].accepts =
                serving.find(static_cast<char>('0' + i)) != std::string::npos;
        failovers.follow(table, TimePoint{} + time, WallTime{} + time);
    }
    routing::RoutingTable table;
    Failovers failovers;
};

TEST(Failovers, BeginWhenTheLastServerIsLostAndEndWithTheNext) {
    World world;
    world.at(milliseconds(0), "");
    world.at(milliseconds(10), "0");
    EXPECT_TRUE(world.failovers.all().empty()) << "a start is none";
    world.at(milliseconds(1000), "");
    ASSERT_EQ(world.failovers.all().size(), 1U);
    EXPECT_FALSE(world.failovers.all()[0].length);
    world.at(milliseconds(1500), "");
    world.at(milliseconds(2210), "1");
    const Failover& failover = world.failovers.all()[0];
    EXPECT_EQ(failover.from, std::vector<std::string>{"pg0"});
    EXPECT_EQ(failover.to, std::vector<std::string>{"pg1"});
    EXPECT_EQ(failover.length, Duration(milliseconds(1210)));
    world.at(milliseconds(3000), "1");
    EXPECT_EQ(world.failovers.all().size(), 1U);
}

TEST(Failovers, CountAChangeFromOneServerToAnotherAtOnce) {
    World world;
    world.at(milliseconds(0), "0");
    world.at(milliseconds(5), "1");
    ASSERT_EQ(world.failovers.all().size(), 1U);
    EXPECT_EQ(world.failovers.all()[0].length, Duration(0));
}

TEST(Failovers, AreNotComingsAndGoingsAmongSeveral) {
    World world;
    world.at(milliseconds(0), "12");
    world.at(milliseconds(1), "1");
    world.at(milliseconds(2), "12");
    EXPECT_TRUE(world.failovers.all().empty());
}

TEST(Failovers, AreKeptUpToABound) {
    World world;
    for (int i = 0; i < 200; ++i) {
        world.at(milliseconds(2 * i), "0");
        world.at(milliseconds(2 * i + 1), "");
    }
    EXPECT_EQ(world.failovers.all().size(), Failovers::most);
}

}  // namespace
}  // namespace pgsteer::admin
