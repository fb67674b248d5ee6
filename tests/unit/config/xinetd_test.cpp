#include "config/xinetd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "config/xinetd_rows.h"

namespace pgsteer::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SystemNames names() {
    return {[](const std::string& name) -> std::optional<std::uint16_t> {
                if (name == "pgsqlchk") return 23267;
                return std::nullopt;
            },
            [](const std::string& name) -> std::optional<SystemNames::User> {
                if (name == "nobody") return SystemNames::User{65534, 65534};
                return std::nullopt;
            },
            [](const std::string&) { return std::optional<gid_t>(7); },
            [](const std::string& path) { return path != "/missing"; }};
}

LoadedInet load(const std::string& attributes, const std::string& name = "pgsqlchk") {
    return load_inet_text("service " + name +
                              "\n{\n socket_type = stream\n wait = no\n user = nobody\n"
                              " server = /opt/pgsqlchk\n cps = 0 0\n" +
                              attributes + "\n}\n",
                          "f", names());
}

std::vector<std::string> lines(const LoadedInet& loaded) {
    std::vector<std::string> all;
    for (const Diagnostic& diagnostic : loaded.diagnostics)
        all.push_back(diagnostic.line());
    return all;
}

TEST(Xinetd, the_port_comes_from_etc_services_when_the_file_gives_none) {
    const auto loaded = load("");
    EXPECT_THAT(lines(loaded), IsEmpty());
    ASSERT_EQ(loaded.config.services.size(), 1U);
    EXPECT_EQ(loaded.config.services[0].port, 23267);
}

TEST(Xinetd, a_service_that_is_not_listed_must_say_so) {
    EXPECT_THAT(lines(load(" port = 99", "other")),
                ElementsAre("[f:1] service other : not in /etc/services; say type = UNLISTED"));
    EXPECT_THAT(lines(load(" type = UNLISTED\n port = 99", "other")), IsEmpty());
}

TEST(Xinetd, an_attribute_without_space_before_its_operator_is_an_error_with_its_line) {
    EXPECT_THAT(lines(load(" nice=3")),
                ElementsAre("[f:8] 'nice=3' : needs an operator and a value"));
}

TEST(Xinetd, an_unknown_attribute_is_ignored_and_told) {
    const auto loaded = load(" only_form = 10.0.0.1");
    EXPECT_THAT(lines(loaded), ElementsAre("[f:8] 'only_form' : unknown attribute, ignored; "
                                           "did you mean 'only_from'?"));
    EXPECT_EQ(loaded.config.services.size(), 1U);
}

TEST(Xinetd, what_cannot_be_run_is_refused_unless_it_is_disabled) {
    EXPECT_FALSE(load(" flags = SENSOR").ok());
    const auto off = load(" flags = SENSOR\n disable = yes");
    EXPECT_TRUE(off.ok());
    EXPECT_THAT(off.config.off, ElementsAre("pgsqlchk"));
}

TEST(Xinetd, a_missing_cps_is_told_as_the_trap_it_is) {
    const auto loaded = load_inet_text(
        "service pgsqlchk\n{\n socket_type = stream\n wait = no\n user = nobody\n"
        " server = /opt/x\n}\n",
        "f", names());
    ASSERT_EQ(loaded.diagnostics.size(), 1U);
    EXPECT_THAT(loaded.diagnostics[0].text, testing::HasSubstr("off for 10 s"));
}

struct HostCase {
    const char* list;
    const char* peer;
    bool matches;
};

TEST(HostList, matches_as_xinetd_does) {
    const HostCase cases[] = {
        {"10.1.0.0", "10.1.2.3", true},         {"10.1.0.0", "10.2.0.0", false},
        {"0.0.0.0", "1.2.3.4", true},           {"0.0.0.0/0", "::1", false},
        {"0.0.0.0/0", "::ffff:1.2.3.4", true},  {"10.1.{2,3}", "10.1.3.9", true},
        {"10.1.{2,3}", "10.1.4.9", false},      {"fd00::/8", "fd12::1", true},
        {"fd00::/8", "fe80::1", false},         {"10.0.0.128/25", "10.0.0.200", true},
        {"10.0.0.128/25", "10.0.0.100", false}, {"::1", "::1", true},
    };
    for (const HostCase& one : cases) {
        HostList list;
        ASSERT_TRUE(list.add(one.list)) << one.list;
        const auto peer = Address::from_literal(one.peer, Port{1});
        EXPECT_EQ(list.match(*peer, "") != 0, one.matches) << one.list << " " << one.peer;
    }
    HostList list;
    for (const char* wrong : {"10.0.0.300", "10.0.0.0/33", "10.{", "{1,2}", "a b", "/8", "1.2"})
        EXPECT_FALSE(list.add(wrong)) << wrong;
}

TEST(HostList, names_match_what_the_reverse_lookup_said) {
    HostList list;
    ASSERT_TRUE(list.add(".example.org"));
    const Address peer = *Address::from_literal("10.0.0.1", Port{1});
    EXPECT_NE(list.match(peer, "db1.Example.org"), 0);
    EXPECT_EQ(list.match(peer, "example.net"), 0);
    EXPECT_EQ(list.match(peer, ""), 0);
}

// The list is that of xinetd.conf(5), with bind's synonym and libwrap.
TEST(XinetdRows, know_every_attribute_once_and_say_what_it_does_or_why_not) {
    std::istringstream manual(
        "id type flags disable socket_type protocol wait user group instances nice server "
        "server_args libwrap only_from no_access access_times log_type log_on_success "
        "log_on_failure rpc_version rpc_number env passenv port redirect bind interface banner "
        "banner_success banner_fail per_source cps max_load groups mdns umask enabled disabled "
        "rlimit_as rlimit_files rlimit_cpu rlimit_data rlimit_rss rlimit_stack deny_time v6only");
    for (std::string name; manual >> name;)
        EXPECT_NE(find_inet_row(name), nullptr) << name;
    std::set<std::string_view> seen;
    each_inet_row([&](const InetRow& row) {
        EXPECT_TRUE(seen.insert(row.name).second) << row.name;
        EXPECT_EQ(row.help.empty(), row.kind != KeywordClass::honoured) << row.name;
        EXPECT_EQ(row.reason.empty(), row.kind == KeywordClass::honoured) << row.name;
        EXPECT_EQ(row.instead.empty(), row.kind != KeywordClass::refused) << row.name;
    });
}

// With PGSTEER_UPDATE=1 in the environment the file is brought up to date instead.
TEST(XinetdRows, are_what_the_documentation_says) {
    const std::string path = std::string(PGSTEER_SOURCE_DIR) + "/docs/inetd.md";
    const std::string mark = "<!-- below: generated from the attribute tables -->\n";
    const auto content = [&] {
        std::ifstream stream(path, std::ios::binary);
        std::ostringstream text;
        text << stream.rdbuf();
        return text.str();
    };
    const std::string text = content();
    ASSERT_NE(text.find(mark), std::string::npos) << path << " has no line " << mark;
    const std::string wanted =
        text.substr(0, text.find(mark) + mark.size()) + "\n" + inet_markdown();
    if (std::getenv("PGSTEER_UPDATE")) std::ofstream(path) << wanted;
    EXPECT_EQ(content(), wanted) << "run unit_config with PGSTEER_UPDATE=1 to write " << path;
}

}  // namespace
}  // namespace pgsteer::config
