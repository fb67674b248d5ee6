// What a process within a chroot knows of the system's names.
#include "dns/system_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsteer::dns {
namespace {

using testing::ElementsAre;

Address address(const char* literal) {
    return *Address::from_literal(literal, Port{0});
}

TEST(SystemNames, HostsAreKnownByEachOfTheirNamesInAnyCase) {
    const SystemNames system = read_system_names(
        "127.0.0.1 localhost\n# 10.9.9.9 none\n10.0.0.1\tPG0.example.org pg0 # the first\n"
        "10.0.0.2 pg0\n10.0.0.2 pg0\nbroken pg7\n::1 localhost\n10.0.0.3",
        "");
    EXPECT_THAT(system.hosts.at("pg0"), ElementsAre(address("10.0.0.1"), address("10.0.0.2")));
    EXPECT_THAT(system.hosts.at("pg0.example.org"), ElementsAre(address("10.0.0.1")));
    EXPECT_THAT(system.hosts.at("localhost"), ElementsAre(address("127.0.0.1"), address("::1")));
    EXPECT_FALSE(system.hosts.contains("none"));
    EXPECT_FALSE(system.hosts.contains("pg7"));
}

TEST(SystemNames, ShortNamesAreSearchedForInDomainsFirstAndDottedOnesAsTheyAre) {
    const SystemNames system = read_system_names(
        "", "nameserver 10.0.0.53\ndomain old.example\nsearch a.example b.example\n");
    EXPECT_THAT(full_names(system, "pg0"), ElementsAre("pg0.a.example", "pg0.b.example", "pg0"));
    EXPECT_THAT(full_names(system, "pg0.x"),
                ElementsAre("pg0.x", "pg0.x.a.example", "pg0.x.b.example"));
    EXPECT_THAT(full_names(system, "pg0."), ElementsAre("pg0."));
    ASSERT_EQ(system.section.nameservers.size(), 1U);
    EXPECT_EQ(system.section.nameservers[0].name, "10.0.0.53");
}

TEST(SystemNames, NdotsOfKubernetesMakesMostNamesShort) {
    const SystemNames system = read_system_names("", "search svc.local\noptions ndots:5 edns0\n");
    EXPECT_THAT(full_names(system, "pg-0.pg.db"),
                ElementsAre("pg-0.pg.db.svc.local", "pg-0.pg.db"));
    EXPECT_EQ(system.section.nameservers[0].name, "127.0.0.1") << "none is named: the own machine";
}

}  // namespace
}  // namespace pgsteer::dns
