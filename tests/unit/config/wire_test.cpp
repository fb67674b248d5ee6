// Where a server's connections come from, and how they introduce the client: good and bad values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/dump.h"
#include "config/load.h"

namespace pgsteer::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Read {
    std::vector<std::string> alerts;
    std::vector<Server> servers;
};

Read read(const std::string& lines) {
    const Loaded loaded = load_text(
        "listen x\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n" + lines + "\n",
        "t.cfg", [](const std::string&) { return std::nullopt; });
    Read found;
    for (const auto& diagnostic : loaded.diagnostics)
        if (diagnostic.severity == Severity::alert) found.alerts.push_back(diagnostic.text);
    if (!loaded.config.backends.empty()) found.servers = loaded.config.backends.front().servers;
    return found;
}

std::string origin(const std::string& lines) {
    const Read found = read(lines);
    EXPECT_THAT(found.alerts, IsEmpty());
    return found.servers.empty() ? "" : found.servers.back().origin.text();
}

TEST(Source, is_an_address_with_one_port_or_a_range) {
    EXPECT_EQ(origin("server a 1.2.3.4:1 source 10.0.0.1"), "source 10.0.0.1:0");
    EXPECT_EQ(origin("server a 1.2.3.4:1 source 10.0.0.1:7"), "source 10.0.0.1:7");
    EXPECT_EQ(origin("server a 1.2.3.4:1 source 10.0.0.1:7-9 interface eth0"),
              "source 10.0.0.1:7-9 interface eth0");
    EXPECT_EQ(origin("server a 1.2.3.4:1 source *:7-9"), "source 0.0.0.0:7-9");
    EXPECT_EQ(origin("server a [::1]:1 source [2001:db8::1]:7"), "source [2001:db8::1]:7");
    EXPECT_EQ(origin("server a [::1]:1 source 2001:db8::1"), "source [2001:db8::1]:0");
}

TEST(Source, of_the_section_holds_for_servers_without_one) {
    EXPECT_EQ(origin("source 10.0.0.1\nserver a 1.2.3.4:1"), "source 10.0.0.1:0");
    EXPECT_EQ(origin("source 10.0.0.1\nserver a 1.2.3.4:1 source 10.0.0.2"), "source 10.0.0.2:0");
    EXPECT_EQ(origin("server a 1.2.3.4:1\nsource 10.0.0.1 interface lo"),
              "source 10.0.0.1:0 interface lo");
}

TEST(Source, that_is_none_is_told) {
    for (const std::string bad : {"name", "10.0.0.1:0", "10.0.0.1:9-7", "10.0.0.1:1-70000",
                                  "10.0.0.1:x", "10.0.0.1:-", "[::1", "1:2:3:z"})
        EXPECT_EQ(read("server a 1.2.3.4:1 source " + bad).alerts.size(), 1U) << bad;
    EXPECT_EQ(read("server a 1.2.3.4:1 interface lo").alerts.size(), 1U);
    EXPECT_EQ(read("server a 1.2.3.4:1 source 1.2.3.4 usesrc clientip").alerts.size(), 1U);
    EXPECT_EQ(read("source 1.2.3.4 usesrc clientip\nserver a 1.2.3.4:1").alerts.size(), 1U);
    EXPECT_THAT(read("server a 1.2.3.4:1 namespace no-such").alerts,
                ElementsAre("'server ... namespace' : there is no network namespace "
                            "/var/run/netns/no-such"));
    EXPECT_EQ(read("server a 1.2.3.4:1 namespace ../../etc").alerts.size(), 1U);
    EXPECT_EQ(read("server a 1.2.3.4:1 namespace *").alerts.size(), 1U);
}

TEST(SendProxy, options_add_up_as_in_haproxy) {
    const auto announced = [](const std::string& options) {
        const Read found = read("server a 1.2.3.4:1 " + options);
        EXPECT_THAT(found.alerts, IsEmpty());
        return found.servers.at(0).announcement;
    };
    EXPECT_FALSE(announced("").any());
    EXPECT_EQ(announced("send-proxy"), (Announcement{true, false, false, false}));
    EXPECT_EQ(announced("send-proxy-v2"), (Announcement{false, true, false, false}));
    EXPECT_EQ(announced("send-proxy-v2-ssl-cn"), (Announcement{false, true, false, true}));
    EXPECT_EQ(announced("send-proxy send-proxy-v2 no-send-proxy"),
              (Announcement{false, true, false, false}));
    EXPECT_EQ(announced("send-proxy-v2 proxy-v2-options crc32c,ssl,authority"),
              (Announcement{false, true, true, true}));
    EXPECT_EQ(read("server a 1.2.3.4:1 proxy-v2-options unique-id").alerts.size(), 1U);
}

TEST(Dispatch, stands_alone_and_without_a_check) {
    const Read found = read("default-server check\ndispatch 10.0.0.1:5432");
    EXPECT_THAT(found.alerts, IsEmpty());
    ASSERT_EQ(found.servers.size(), 1U);
    EXPECT_EQ(found.servers[0].endpoint.text(), "10.0.0.1:5432");
    EXPECT_FALSE(found.servers[0].check);
    EXPECT_EQ(read("dispatch 10.0.0.1:5432\nserver a 1.2.3.4:1").alerts.size(), 1U);
    EXPECT_EQ(read("dispatch 10.0.0.1:5432\ndispatch 10.0.0.1:5433").alerts.size(), 1U);
    EXPECT_EQ(read("dispatch 10.0.0.1").alerts.size(), 1U);
}

}  // namespace
}  // namespace pgsteer::config
