#include "base/log_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace pgsteer::log {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// 2026-11-06 23:26:39.099102 in UTC, which the tests' zone is.
Sender sender() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    return {WallTime(seconds(1794007599) + microseconds(99102)), 4711, "db-proxy"};
}

Target target(Format format) {
    Target target;
    target.format = format;
    return target;
}

Record record(std::string text = "hello") {
    return {.level = Level::warning, .text = std::move(text), .structured = "[ex@1 b=\"a\"]"};
}

TEST(LogFrame, each_form_of_haproxy_has_its_header) {
    const struct {
        Format format;
        const char* line;
    } rows[] = {
        {Format::local, "<132>Nov  6 23:26:39 pgsteer[4711]: hello\n"},
        {Format::rfc3164, "<132>Nov  6 23:26:39 db-proxy pgsteer[4711]: hello\n"},
        {Format::rfc5424,
         "<132>1 2026-11-06T23:26:39.099102+00:00 db-proxy pgsteer 4711 - [ex@1 b=\"a\"] hello\n"},
        {Format::priority, "<132>hello\n"},
        {Format::brief, "<4>hello\n"},
        {Format::timed, "<4>2026-11-06T23:26:39.099102+00:00 hello\n"},
        {Format::iso, "2026-11-06T23:26:39.099102+00:00 hello\n"},
        {Format::raw, "hello\n"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(frame(target(row.format), record(), sender()), row.line);
}

TEST(LogFrame, the_host_name_of_log_send_hostname_switches_to_rfc3164) {
    Target other;
    other.sends_host = true;
    other.host_name = "edge";
    other.tag = "site";
    other.facility = 3;
    EXPECT_EQ(frame(other, record(), sender()), "<28>Nov  6 23:26:39 edge site[4711]: hello\n");
}

TEST(LogFrame, a_line_is_sent_as_no_more_urgent_than_the_target_wants) {
    Target capped = target(Format::priority);
    capped.least = Level::notice;
    EXPECT_EQ(frame(capped, record(), sender()), "<133>hello\n");
}

TEST(LogFrame, a_long_line_is_cut_before_its_end) {
    Target narrow = target(Format::local);
    narrow.length = 80;
    const std::string line = frame(narrow, record(std::string(200, 'x')), sender());
    EXPECT_EQ(line.size(), 81U);  // as HAProxy: 80 and the line end
    EXPECT_TRUE(line.ends_with("xx\n"));
}

TEST(LogFrame, control_characters_end_no_line) {
    EXPECT_EQ(frame(target(Format::raw), record("a\nb\x1b[2Jc"), sender()), "a b [2Jc\n");
}

TEST(LogFrame, json_is_one_object_a_line) {
    Record told = record("said \"no\"\n");
    told.event = "server";
    told.fields = {{"backend", "ReadWrite"}, {"up", "false", true}, {"timeline", "4", true}};
    EXPECT_EQ(frame(target(Format::json), told, sender()),
              R"({"time":"2026-11-06T23:26:39.099102+00:00","level":"warning","event":"server",)"
              R"("pid":4711,"backend":"ReadWrite","up":false,"timeline":4,)"
              R"("message":"said \"no\"\u000a"})"
              "\n");
}

TEST(LogFrame, json_that_is_too_long_loses_words_but_stays_whole) {
    Target narrow = target(Format::json);
    narrow.length = 150;
    const std::string line = frame(narrow, record(std::string(300, 'x')), sender());
    EXPECT_LE(line.size(), 151U);
    EXPECT_TRUE(line.ends_with("xxx\"}\n"));
}

TEST(LogFrame, the_journal_gets_fields) {
    Record told = record();
    told.event = "server";
    told.fields = {{"backend", "ReadWrite"}, {"cause", "check-failed"}};
    const auto fields = journal_fields("site", told);
    EXPECT_THAT(fields, Contains("MESSAGE=hello"));
    EXPECT_THAT(fields, Contains("PRIORITY=4"));
    EXPECT_THAT(fields, Contains("SYSLOG_IDENTIFIER=site"));
    EXPECT_THAT(fields, Contains("PGSTEER_EVENT=server"));
    EXPECT_THAT(fields, Contains("PGSTEER_BACKEND=ReadWrite"));
    EXPECT_THAT(fields, Contains("PGSTEER_CAUSE=check-failed"));
}

}  // namespace
}  // namespace pgsteer::log
