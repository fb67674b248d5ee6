// Keywords about the process, numbers of sections, and lines about HTTP in mode tcp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/advice.h"
#include "config/load.h"

namespace pgsteer::config {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto no_environment = [](const std::string&) { return std::nullopt; };

Loaded load(const std::string& text) {
    return load_text(text, "t.cfg", no_environment);
}

std::string with_listen(const std::string& global, const std::string& lines = "") {
    return "global\n" + global +
           "\nlisten x\n bind :5000\n timeout client 1s\n timeout server 1s\n timeout connect "
           "1s\n" +
           lines + "\n server s 10.0.0.1:5432\n";
}

std::vector<std::string> said(const std::string& text, Severity severity) {
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : load(text).diagnostics)
        if (diagnostic.severity == severity) lines.push_back(diagnostic.line());
    return lines;
}
std::vector<std::string> alerts(const std::string& text) {
    return said(text, Severity::alert);
}
std::vector<std::string> warnings(const std::string& text) {
    return said(text, Severity::warning);
}

TEST(Process, OpenFilesFolderAndSpreadOfChecksAreTaken) {
    const Global global =
        load(with_listen("ulimit-n 5000\nchroot /var/empty\nspread-checks 5\nmax-spread-checks 2s"))
            .config.global;
    EXPECT_EQ(global.open_files, 5000U);
    EXPECT_EQ(global.root_folder, "/var/empty");
    EXPECT_EQ(global.check_spread.percent, 5U);
    EXPECT_EQ(global.check_spread.longest, milliseconds(2000));
}

TEST(Process, WhatCannotBeIsToldAndOfTwoTheFirstStays) {
    EXPECT_THAT(alerts(with_listen("spread-checks 51")), ElementsAre(HasSubstr("[t.cfg:2]")));
    EXPECT_THAT(alerts(with_listen("ulimit-n 0")), ElementsAre(HasSubstr("[t.cfg:2]")));
    EXPECT_THAT(alerts(with_listen("chroot")), ElementsAre(HasSubstr("[t.cfg:2]")));
    const std::string twice = with_listen("ulimit-n 5000\nulimit-n 6000\nuser root\nuid 7");
    EXPECT_THAT(alerts(twice), IsEmpty());
    EXPECT_THAT(warnings(twice), ElementsAre(HasSubstr("[t.cfg:3]"), HasSubstr("[t.cfg:5]")));
    EXPECT_EQ(load(twice).config.global.open_files, 5000U);
    EXPECT_EQ(load(twice).config.global.user, "root");
}

TEST(Process, AUserOrGroupThatDoesNotExistIsAMistakeOfTheFile) {
    EXPECT_THAT(alerts(with_listen("user no-such-user\ngroup no-such-group")),
                ElementsAre("[t.cfg:2] 'user' : cannot find user id for 'no-such-user'",
                            "[t.cfg:3] 'group' : cannot find group id for 'no-such-group'"));
    EXPECT_THAT(alerts(with_listen("user root\ngroup root")), IsEmpty());
    EXPECT_THAT(alerts(with_listen("stats socket /run/a.sock user no-such-user group root")),
                ElementsAre(HasSubstr("'user' : unknown user name 'no-such-user'")));
}

TEST(Process, AdviceSaysWhatAChrootPutsOutOfReach) {
    const auto advice = [](const std::string& text) {
        std::vector<std::string> texts;
        for (const Advice& one : advise(load(text).config))
            texts.push_back(one.text);
        return texts;
    };
    const std::string plain = with_listen("chroot /var/empty");
    EXPECT_THAT(advice(plain), Contains(HasSubstr("for a reload run with -W")));
    EXPECT_THAT(advice(plain), Not(Contains(HasSubstr("looked for within"))));
    const std::string more = with_listen("master-worker\nexternal-check\nchroot /var/empty",
                                         " option external-check\n external-check command /bin/x\n"
                                         " server local /run/pg.sock");
    EXPECT_THAT(advice(more), Contains(HasSubstr("looked for within it: 'external-check command' "
                                                 "of 'x', the path of 'x/local'")));
    EXPECT_THAT(advice(more), Not(Contains(HasSubstr("for a reload"))));
}

std::string sections(const std::string& first, const std::string& second) {
    const std::string times = " timeout client 1s\n timeout server 1s\n timeout connect 1s\n";
    return "listen a\n bind :5000\n server s 10.0.0.1:1\n" + times + first +
           "listen b\n bind :5001\n" + " server s 10.0.0.1:1\n" + times + second +
           "backend c\n server s 10.0.0.1:1\n" + times;
}

TEST(Numbers, AreThoseOfTheFileAndThenTheLowestFreeOnes) {
    const Config config = load(sections("", " id 1\n")).config;
    EXPECT_EQ(config.backends[0].id, 2U);
    EXPECT_EQ(config.backends[1].id, 1U);
    EXPECT_EQ(config.backends[2].id, 3U);
}

TEST(Numbers, GivenTwiceAreAMistakeThatNamesBothSections) {
    EXPECT_THAT(
        alerts(sections(" id 7\n", " id 7\n")),
        ElementsAre("[t.cfg:14] listen 'b' : reuses same custom id as listen 'a' (declared at "
                    "t.cfg:1)"));
    EXPECT_THAT(alerts(sections(" id 0\n", "")), ElementsAre(HasSubstr("[t.cfg:7] 'id'")));
}

TEST(WebLines, AreIgnoredInModeTcpWithHaproxysWords) {
    const auto told = [](const std::string& line) { return warnings(with_listen("", line)); };
    for (const std::string keyword :
         {"http-request", "http-response", "http-after-response", "redirect"})
        EXPECT_THAT(told(" " + keyword + " deny"),
                    ElementsAre("[t.cfg:8] '" + keyword +
                                "' rules ignored for proxy 'x' as they require HTTP mode."));
    EXPECT_THAT(
        told(" option forwardfor"),
        ElementsAre("[t.cfg:8] 'option forwardfor' ignored for proxy 'x' as it requires HTTP "
                    "mode."));
    EXPECT_THAT(told(" option forwardfor\n no option forwardfor"), IsEmpty());
    EXPECT_THAT(told(" cookie A insert"),
                ElementsAre("[t.cfg:8] cookie will be ignored for proxy 'x' (needs 'mode http')."));
    EXPECT_THAT(
        told(" monitor-uri /alive"),
        ElementsAre("[t.cfg:8] monitor-uri will be ignored for proxy 'x' (needs 'mode http')."));
    EXPECT_THAT(
        told(" balance url_param user"),
        ElementsAre("[t.cfg:8] Layer 7 hash not possible for proxy 'x' (needs 'mode http'). "
                    "Falling back to round robin."));
    EXPECT_THAT(told(" balance uri\n balance leastconn"), IsEmpty());
    EXPECT_EQ(load(with_listen("", " balance uri")).config.backends[0].balance,
              BalanceKind::roundrobin);
}

TEST(WebLines, OfDefaultsAreToldOfEachSectionTheyAreAbout) {
    const std::string text =
        "defaults\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n option "
        "checkcache\n"
        " option http-ignore-probes\nfrontend f\n bind :5000\n default_backend b\nbackend b\n"
        " server s 10.0.0.1:1\n";
    EXPECT_THAT(warnings(text),
                ElementsAre(HasSubstr("'option http-ignore-probes' ignored for proxy 'f'"),
                            HasSubstr("'option checkcache' ignored for proxy 'b'")));
}

TEST(WebLines, OfTheStatsPageThatWouldBeLostAreRefused) {
    EXPECT_THAT(
        alerts("listen page\n mode http\n bind :7000\n timeout client 1s\n stats enable\n"
               " http-request auth unless { src 10.0.0.0/8 }\n"),
        ElementsAre(HasSubstr("[t.cfg:6] 'http-request' : not supported on the stats page")));
}

TEST(UniqueId, IsPutIntoTheLineWhereItIsWanted) {
    const auto format = [](const std::string& lines) {
        const SessionLog log =
            load(with_listen("log 127.0.0.1 local0", lines)).config.frontends[0].session_log;
        std::string text;
        for (const LogPiece& piece : log.format->pieces)
            text += piece.text + "|";
        return text;
    };
    EXPECT_EQ(format(" log-format %ID"), format(" log-format %ID\n no log"));
    EXPECT_EQ(format(" unique-id-format %ci_%Ts\n log-format \"a %ID\""),
              format(" log-format \"a %ci_%Ts\""));
    EXPECT_EQ(format(" unique-id-format %ci\n log-format %{+Q}ID"),
              format(" log-format \\\"%ci\\\""));
    EXPECT_THAT(alerts(with_listen("", " unique-id-format %nope")),
                ElementsAre(HasSubstr("[t.cfg:8] 'unique-id-format'")));
}

TEST(LogLevel, OfARuleIsANameOfSyslogOrSilent) {
    const auto rule = [](const std::string& words) {
        return with_listen("", " tcp-request content set-log-level " + words);
    };
    EXPECT_THAT(alerts(rule("silent if { src 10.0.0.1 }")), IsEmpty());
    EXPECT_EQ(load(rule("err")).config.frontends[0].rules.content[0].number, 4U);
    for (const char* const wrong : {"", "loud"})
        EXPECT_THAT(alerts(rule(wrong)), ElementsAre(HasSubstr("expects exactly 1 argument")));
}

TEST(And, StandsBetweenTwoConditions) {
    const auto rule = [](const std::string& condition) {
        return alerts(
            "frontend f\n bind :5000\n timeout client 1s\n acl good src 10.0.0.1\n"
            " use_backend b if " +
            condition +
            "\n default_backend b\nbackend b\n"
            " timeout server 1s\n timeout connect 1s\n server s 10.0.0.1:1\n");
    };
    EXPECT_THAT(rule("good and good"), IsEmpty());
    EXPECT_THAT(rule("good and !good or good"), IsEmpty());
    for (const char* const wrong :
         {"good and", "and good", "good and and good", "good and or good", "good or and good"})
        EXPECT_THAT(rule(wrong), ElementsAre(HasSubstr("'and' stands between two conditions")))
            << wrong;
}

}  // namespace
}  // namespace pgsteer::config
