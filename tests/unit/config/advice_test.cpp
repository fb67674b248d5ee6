#include "config/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace pgsteer::config {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view no_timeouts =
    "defaults\n mode tcp\n timeout client 0\n timeout server 0\n timeout connect 4s\n option "
    "clitcpka\n";

std::vector<std::string> advice(const std::string& text) {
    const Loaded loaded = load_text(std::string(no_timeouts) + text, "t.cfg", {});
    for (const auto& diagnostic : loaded.diagnostics)
        EXPECT_NE(diagnostic.severity, Severity::alert) << diagnostic.line();
    std::vector<std::string> lines;
    for (const Advice& one : advise(loaded.config))
        lines.push_back("[" + one.at.text() + "] " + one.text);
    return lines;
}

// A backend of two servers with these lines, and these options for each server.
std::vector<std::string> two_servers(const std::string& lines, const std::string& options) {
    return advice("listen rw\n bind 127.0.0.1:5000\n" + lines + " default-server " + options +
                  "\n server a 10.0.0.1:5432\n server b 10.0.0.2:5432\n");
}

TEST(Advice, SaysInWordsHowSoonADeathIsNoticed) {
    const auto lines =
        two_servers(" option httpchk\n http-check expect status 200\n timeout check 5s\n",
                    "check inter 3s fall 3 rise 2 on-marked-down shutdown-sessions");
    ASSERT_EQ(lines.size(), 1U);  // once for both servers
    EXPECT_THAT(lines[0], HasSubstr("[t.cfg:13] backend 'rw' : a dead primary is noticed after 9 s "
                                    "(fall 3, inter 3s), one that is silent after up to 5 s more"));
    EXPECT_THAT(lines[0], HasSubstr("one that is back after 6 s (rise 2)"));
}

TEST(Advice, CountsTheQuickerInterval) {
    EXPECT_THAT(two_servers(" option httpchk GET /replica\n",
                            "check inter 2s fastinter 250ms fall 3 on-marked-down "
                            "shutdown-sessions"),
                Contains(HasSubstr("a dead server is noticed after 2.5 s (fall 3, inter 2s, "
                                   "fastinter 250ms)")));
}

TEST(Advice, NamesChecksThatCannotTellTheRole) {
    const auto blind = Contains(HasSubstr("its check cannot tell a primary from a standby"));
    EXPECT_THAT(two_servers("", "check"), blind);
    EXPECT_THAT(two_servers(" option tcp-check\n", "check"), blind);
    EXPECT_THAT(two_servers(" option pgsql-check user u\n", "check"), blind);
    EXPECT_THAT(two_servers(" option httpchk\n", "check"),
                Contains(HasSubstr("a standby's 206 too; add 'http-check expect status 200'")));
    for (const std::string lines :
         {" option httpchk GET /primary\n", " option httpchk\n http-check expect status 206\n",
          " option pgsql-role-check expect primary\n"})
        EXPECT_THAT(two_servers(lines, "check"), Not(blind)) << lines;
}

TEST(Advice, NamesServersThatKeepSessionsOrHaveNoCheck) {
    EXPECT_THAT(two_servers(" option httpchk GET /primary\n", "check"),
                Contains(HasSubstr("add 'on-marked-down shutdown-sessions'")));
    EXPECT_THAT(two_servers("", "weight 1"),
                Contains(HasSubstr("[t.cfg:11] server 'rw/b' : has no 'check'")));
}

TEST(Advice, NamesTimeoutsThatEndSilentSessions) {
    const auto lines = advice(
        "listen rw\n bind 127.0.0.1:5000\n timeout client 30m\n timeout server 10m\n"
        " server a 10.0.0.1:5432\n");
    EXPECT_THAT(lines, Contains(HasSubstr("a session that is silent for 10m is ended ('timeout "
                                          "server')")));
    EXPECT_THAT(advice("listen rw\n bind 127.0.0.1:5000\n timeout client 30m\n timeout tunnel 2d\n"
                       " server a 10.0.0.1:5432\n"),
                Not(Contains(HasSubstr("is ended"))));
    EXPECT_THAT(advice("listen rw\n bind 127.0.0.1:5000\n no option clitcpka\n"
                       " server a 10.0.0.1:5432\n"),
                Contains(HasSubstr("add 'option clitcpka'")));
}

TEST(Advice, NamesBackendsNobodyUsesAndAddressesThatMeet) {
    const std::string checked = " server a 10.0.0.1:5432 disabled\n";
    EXPECT_THAT(advice("listen a\n bind 127.0.0.1:5000\n" + checked + "backend b\n" + checked),
                Contains(HasSubstr("[t.cfg:10] backend 'b' : no frontend uses it")));
    EXPECT_THAT(
        advice("listen a\n bind *:5000\n" + checked + "listen b\n bind 127.0.0.1:5000\n" + checked),
        Contains(HasSubstr("'bind 127.0.0.1:5000' takes the clients that call this address "
                           "from 'bind *:5000' at t.cfg:8")));
}

TEST(Advice, LeavesAPageAlone) {
    EXPECT_THAT(advice("listen stats\n mode http\n bind 127.0.0.1:7000\n stats enable\n"),
                IsEmpty());
}

}  // namespace
}  // namespace pgsteer::config
