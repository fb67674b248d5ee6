#include "admin/cluster_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pgsteer::admin {
namespace {

using health::Role;

ServerLine line(const std::string& name, Role role, const std::string& state, bool accepts) {
    ServerLine server;
    server.view.name = name;
    server.view.role = role;
    server.view.state = state;
    server.view.check_word = "L7OK";
    server.view.check_code = 200;
    server.address = "10.0.0.1:5432";
    server.accepts = accepts;
    server.sessions = 2;
    return server;
}

// A primary and a standby on the classic two listeners.
Snapshot classic() {
    Snapshot snapshot;
    snapshot.backends.resize(2);
    snapshot.backends[0].name = "ReadWrite";
    snapshot.backends[0].servers = {line("pg0", Role::primary, "UP", true),
                                    line("pg1", Role::standby, "DOWN", false)};
    snapshot.backends[1].name = "ReadOnly";
    snapshot.backends[1].servers = {line("pg0", Role::primary, "DOWN", false),
                                    line("pg1", Role::standby, "UP", true)};
    return snapshot;
}

TEST(ClusterView, ShowsANodeOnceWithTheListenersThatItServes) {
    const ClusterView view = cluster_view(classic());
    ASSERT_EQ(view.nodes.size(), 2U);
    EXPECT_EQ(view.nodes[0].serves, (std::vector<std::string>{"ReadWrite"}));
    EXPECT_EQ(view.nodes[1].serves, (std::vector<std::string>{"ReadOnly"}));
    EXPECT_EQ(view.nodes[1].sessions, 4U);
    EXPECT_TRUE(whole(view));
}

TEST(ClusterView, AHealthyStandbyIsUpThoughTheReadWriteListenerHasNoUseForIt) {
    const ClusterView view = cluster_view(classic());
    EXPECT_EQ(view.nodes[1].state, "UP");
    EXPECT_EQ(view.nodes[1].why, "");
}

TEST(ClusterView, AFencedNodeIsFencedWhateverAnotherListenerSays) {
    for (const std::size_t where : {0U, 1U}) {
        Snapshot snapshot = classic();
        ServerLine& fenced = snapshot.backends[where].servers[0];
        fenced.accepts = false;
        fenced.view.state = "FENCED";
        fenced.view.why = "it says primary on timeline 1, but timeline 2 is known";
        const ClusterView view = cluster_view(snapshot);
        EXPECT_TRUE(view.nodes[0].fenced);
        EXPECT_EQ(view.nodes[0].state, "FENCED");
        EXPECT_EQ(view.nodes[0].why, fenced.view.why);
        EXPECT_FALSE(whole(view));
    }
}

TEST(ClusterView, IsNotWholeWithoutAPrimaryNorWithANodeThatNobodyKnows) {
    Snapshot none = classic();
    for (ProxyLine& backend : none.backends)
        backend.servers[0].view.role = Role::standby;
    EXPECT_FALSE(whole(cluster_view(none)));
    Snapshot unknown = classic();
    for (ProxyLine& backend : unknown.backends)
        backend.servers[1].view.role = Role::unknown;
    EXPECT_FALSE(whole(cluster_view(unknown)));
}

TEST(ClusterView, PrintsATableWhoseColumnsStandInLine) {
    Snapshot snapshot = classic();
    snapshot.backends[0].waiting = 3;
    EXPECT_EQ(as_table(cluster_view(snapshot)),
              "NODE  ADDRESS        ROLE     TIMELINE  LAG      STATE  SERVES     WHY\n"
              "pg0   10.0.0.1:5432  primary  -         -        UP     ReadWrite\n"
              "pg1   10.0.0.1:5432  standby  -         unknown  UP     ReadOnly\n"
              "ReadWrite: 3 clients wait for a server\n");
}

TEST(ClusterView, PrintsJsonWithNullForWhatIsUnknown) {
    Snapshot snapshot = classic();
    health::NodeState node;
    node.timeline = pgwire::Timeline{4};
    node.system = pgwire::SystemId{7300000000000000001};
    node.lsn = pgwire::Lsn{0x3000060};
    snapshot.backends[0].servers[0].view.node = node;
    const auto json = as_json(cluster_view(snapshot));
    EXPECT_EQ(json["nodes"][0]["timeline"], 4);
    EXPECT_EQ(json["nodes"][0]["system"], "7300000000000000001");
    EXPECT_EQ(json["nodes"][0]["lsn"], "0/3000060");
    EXPECT_TRUE(json["nodes"][0]["lag_bytes"].is_null());
    EXPECT_TRUE(json["nodes"][1]["timeline"].is_null());
    EXPECT_EQ(json["nodes"][1]["serves"], nlohmann::json({"ReadOnly"}));
    EXPECT_EQ(json["whole"], true);
}

}  // namespace
}  // namespace pgsteer::admin
