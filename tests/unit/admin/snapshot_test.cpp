// What of the configuration people and tools see.
#include "admin/snapshot.h"

#include <gtest/gtest.h>

namespace pgsteer::admin {
namespace {

config::Backend backend(const std::string& name, bool disabled) {
    config::Backend made;
    made.name = name;
    made.disabled = disabled;
    made.servers.resize(1);
    made.servers[0].name = "pg0";
    return made;
}

config::Frontend frontend(const std::string& name, bool disabled) {
    config::Frontend made;
    made.name = name;
    made.default_backend = name;
    made.disabled = disabled;
    return made;
}

TEST(SnapshotOfAFile, HasNoSectionThatIsDisabled) {
    config::Config config;
    config.frontends = {frontend("crm", false), frontend("stock", true)};
    config.backends = {backend("crm", false), backend("stock", true)};
    health::Cluster cluster(config, {1, TimePoint{}, [] { return 0.5; }});
    ProcessFacts facts;
    facts.config = &config;
    const Snapshot snapshot = take_snapshot(*cluster.table(), cluster, facts, TimePoint{});
    ASSERT_EQ(snapshot.frontends.size(), 1U);
    ASSERT_EQ(snapshot.backends.size(), 1U);
    EXPECT_EQ(snapshot.frontends[0].name, "crm");
    EXPECT_EQ(snapshot.backends[0].name, "crm");
}

}  // namespace
}  // namespace pgsteer::admin
