#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/dump.h"

namespace pgsteer::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view example = PGSTEER_SOURCE_DIR "/examples/haproxy.cfg";

std::optional<std::string> environment(const std::string& name) {
    return name == "FD" ? std::optional<std::string>("7") : std::nullopt;
}

Loaded read(std::string_view text) {
    return load_text(text, "t.cfg", environment);
}

std::vector<std::string> alerts(const Loaded& loaded) {
    std::vector<std::string> lines;
    for (const auto& diagnostic : loaded.diagnostics)
        if (diagnostic.severity == Severity::alert) lines.push_back(diagnostic.line());
    return lines;
}

// A listen section around the lines, with what every section needs.
Loaded listen(const std::string& lines) {
    Loaded loaded = read("listen x\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n" +
                         lines + "\n");
    EXPECT_THAT(alerts(loaded), IsEmpty());
    return loaded;
}

TEST(Load, ReadsTheExampleWithoutAlertOrWarning) {
    const Loaded loaded = load({{std::string(example)}, environment});
    std::vector<std::string> lines;
    for (const auto& diagnostic : loaded.diagnostics)
        lines.push_back(diagnostic.line());
    EXPECT_THAT(lines, IsEmpty());
    EXPECT_EQ(loaded.config.global.maxconn, 100U);
    ASSERT_THAT(loaded.config.frontends, SizeIs(3));
    const Frontend& stats = loaded.config.frontends[0];
    EXPECT_EQ(stats.mode, Frontend::Mode::http);
    ASSERT_TRUE(stats.stats);
    EXPECT_EQ(stats.stats->uri, "/");
    const Frontend& front = loaded.config.frontends[1];
    EXPECT_EQ(front.default_backend, "ReadWrite");
    EXPECT_EQ(front.client_timeout, std::chrono::minutes(30));
    const Backend& back = loaded.config.backends[2];
    EXPECT_EQ(back.name, "ReadOnly");
    EXPECT_EQ(back.retries, 2U);
    EXPECT_THAT(words(back.check), ElementsAre("connect default", "send http OPTIONS / HTTP/1.0",
                                               "expect status \"206\""));
    ASSERT_THAT(back.servers, SizeIs(3));
    EXPECT_EQ(back.servers[2].endpoint.text(), "pg2:5432");
    EXPECT_EQ(back.servers[2].check_port, Port{23267});
    EXPECT_EQ(back.servers[2].inter, milliseconds(3000));
    EXPECT_TRUE(back.servers[2].check && back.servers[2].cut_when_down);
}

TEST(Load, ReportsEveryMistakeWithItsLine) {
    const Loaded loaded = read(
        "global\n maxconn many\nlisten x\n bind *:5000\n sever a a:5432\n timeout clent 3s\n"
        " server b b:5432 chek\n transparent\n mode 'tcp\nfrontend f\n bind :5001\n");
    EXPECT_FALSE(loaded.ok());
    EXPECT_THAT(
        alerts(loaded),
        ElementsAre(HasSubstr("[t.cfg:2] 'maxconn' : "),
                    AllOf(HasSubstr("[t.cfg:5] 'sever' : "), HasSubstr("did you mean 'server'?")),
                    AllOf(HasSubstr("[t.cfg:6] "), HasSubstr("did you mean 'timeout client'?")),
                    AllOf(HasSubstr("[t.cfg:7] 'server' : "), HasSubstr("did you mean 'check'?")),
                    HasSubstr("[t.cfg:8] 'transparent' : not supported: "),
                    HasSubstr("[t.cfg:9] unmatched quote at position 7"),
                    HasSubstr("[t.cfg:10] frontend 'f' : has no 'default_backend'")));
}

TEST(Load, SaysWhichFileCannotBeRead) {
    EXPECT_THAT(alerts(load({{"/nowhere/x.cfg"}, environment})),
                ElementsAre(HasSubstr("cannot read '/nowhere/x.cfg'")));
}

TEST(Load, InheritsFromTheNamedDefaults) {
    const Loaded loaded = read(
        "defaults one\n retries 5\n option redispatch\n option httpchk\n http-check expect status "
        "200\n"
        "defaults\n retries 7\nlisten a from one\n no option redispatch\n"
        " http-check expect ! rstatus ^5\nlisten b\nlisten c from two\n");
    EXPECT_THAT(alerts(loaded), ElementsAre(HasSubstr("[t.cfg:12] 'listen' : no defaults")));
    const auto& backends = loaded.config.backends;
    EXPECT_EQ(backends[0].retries, 5U);
    EXPECT_FALSE(backends[0].redispatch);
    EXPECT_EQ(words(backends[0].check).back(), "expect ! rstatus \"^5\"");
    EXPECT_EQ(backends[1].retries, 7U);
}

TEST(Load, ReadsEveryFormOfBind) {
    const Loaded loaded = listen(
        " bind *:1\n bind :2 maxconn 9\n bind 127.0.0.1:3,[::1]:4\n bind [::]:5 v4v6\n bind /run/s "
        "mode 660\n bind \"fd@${FD}\"");
    std::vector<Bind::Kind> kinds;
    for (const auto& bind : loaded.config.frontends[0].binds)
        kinds.push_back(bind.kind);
    using enum Bind::Kind;
    EXPECT_THAT(kinds, ElementsAre(any_ipv4, any_ipv4, endpoint, endpoint, any_ipv6, unix_socket,
                                   descriptor));
    const auto& binds = loaded.config.frontends[0].binds;
    EXPECT_EQ(binds[1].maxconn, 9U);
    EXPECT_EQ(binds[3].endpoint.text(), "[::1]:4");
    EXPECT_TRUE(binds[4].v4v6);
    EXPECT_EQ(binds[5].mode, 0660U);
    EXPECT_EQ(binds[6].descriptor, 7);
}

TEST(Load, KeepsWhatACheckAsksFor) {
    const Loaded loaded = listen(
        " option httpchk GET /primary HTTP/1.1\n http-check send hdr Host \"a b\" body x\n"
        " http-check expect rstring ^ok\n server a a:5432 check fastinter 500 init-addr none");
    const Backend& back = loaded.config.backends[0];
    EXPECT_THAT(words(back.check),
                ElementsAre("connect default",
                            "send http GET /primary HTTP/1.1 hdr Host \"a b\" body \"x\"",
                            "expect rstring \"^ok\""));
    EXPECT_EQ(back.servers.at(0).fast_inter, milliseconds(500));
    EXPECT_EQ(back.servers.at(0).naming.init,
              (std::vector<InitAddress>{{InitAddress::Method::none}}));
}

TEST(Load, TellsInertKeywordsWithTheReason) {
    const Loaded loaded = listen(" option http-use-htx");
    EXPECT_EQ(loaded.uses.others.back().keyword, "option http-use-htx");
    EXPECT_EQ(loaded.uses.others.back().kind, KeywordClass::inert);
    EXPECT_FALSE(loaded.uses.others.back().why.empty());
}

TEST(Load, TakesNoMistypedCheckForAnInertOption) {
    EXPECT_THAT(alerts(read("listen x\n option http-chk\n")),
                ElementsAre(HasSubstr("did you mean 'option httpchk'?")));
}

TEST(Load, RefusesModeHttpWithoutAStatsPage) {
    EXPECT_THAT(alerts(read("listen x\n mode http\n bind :80\n")),
                ElementsAre(HasSubstr("[t.cfg:1] listen 'x' : 'mode http' is for the stats page")));
}

TEST(Load, SendsGlobalAndOwnLogLines) {
    const Loaded loaded = read(
        "global\n log 127.0.0.1 local7 notice\ndefaults\n log global\nlisten x\n log stdout "
        "kern\n");
    const auto& logs = loaded.config.frontends.at(0).logs;
    ASSERT_THAT(logs, SizeIs(2));
    EXPECT_EQ(logs[0].place(), "127.0.0.1:514");
    EXPECT_EQ(logs[0].facility, 23);
    EXPECT_EQ(logs[0].most, log::Level::notice);
    EXPECT_EQ(logs[1].facility, 0);
}

}  // namespace
}  // namespace pgsteer::config
