#include "config/log_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace pgsteer::config {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = LogPiece::Kind;

std::string error_of(std::string_view text) {
    const auto format = parse_log_format(text);
    return format ? "" : format.error().text;
}

TEST(LogFormat, text_spaces_variables_and_fetches_follow_each_other) {
    const LogFormat format = parse_log_format("a %ci:%cp  %% %[nbsrv(x)]b").value();
    std::string shape;
    for (const LogPiece& piece : format.pieces)
        shape += piece.kind == Kind::space      ? "_"
                 : piece.kind == Kind::variable ? "<" + piece.text + ">"
                 : piece.kind == Kind::sample   ? "[" + piece.text + "]"
                                                : piece.text;
    EXPECT_EQ(shape, "a_<ci>:<cp>__%_[nbsrv(x)]b");
}

TEST(LogFormat, flags_are_read_as_haproxy_reads_them) {
    const struct {
        const char* text;
        LogFlags flags;
    } rows[] = {
        {"%ci", {}},
        {"%{+Q}ci", {.quote = true}},
        {"%{+Q,+X,+E}ci", {.quote = true, .hex = true, .escape = true}},
        {"%{ +Q}ci", {.quote = true}},
        {"%{Q}ci", {}},
        {"%{+Z}ci", {}},
        {"%{-M}ci", {.mandatory = false}},
        {"%{+Q}o%ci", {.quote = true}},
        {"%{+Q,+X}o%{-Q}ci", {.hex = true}},
    };
    for (const auto& row : rows)
        EXPECT_EQ(parse_log_format(row.text).value().pieces.at(0).flags, row.flags) << row.text;
}

TEST(LogFormat, a_percent_sign_before_anything_else_goes_away) {
    EXPECT_EQ(parse_log_format("%,x").value().pieces.at(0).text, ",x");
}

TEST(LogFormat, mistakes_have_haproxys_words) {
    EXPECT_EQ(error_of("%ZZ"),
              "no such format variable 'ZZ'. If you wanted to emit the '%' character verbatim, you "
              "need to use '%%'");
    EXPECT_EQ(error_of("a%5"),
              "unexpected variable name near '5' at position 2 line : 'a%5'. Maybe you want to "
              "write a single '%', use the syntax '%%'");
    EXPECT_EQ(error_of("%{+Q"), "truncated line after '+Q'");
    EXPECT_EQ(error_of("abc%"), "truncated line after '%'");
    EXPECT_EQ(error_of("%{+Q}"), "parse argument modifier without variable name near '%{+Q}'");
    EXPECT_EQ(error_of("%[src"), "missing ']' after 'src'");
    EXPECT_EQ(error_of("%CC"), "format variable 'CC' is reserved for HTTP mode");
    EXPECT_THAT(error_of("%[nosuch]"), HasSubstr("failed to parse sample expression <nosuch> : "));
    EXPECT_EQ(error_of("%[req.len]"),
              "sample fetch <req.len> may not be reliably used here because it needs 'request "
              "buffer' which is not available here");
}

TEST(LogFormat, a_line_without_numbers_of_the_end_need_not_wait_for_it) {
    EXPECT_FALSE(parse_log_format("%ci %t %s %[src]").value().shows_end());
    EXPECT_TRUE(parse_log_format("%ci %B").value().shows_end());
    EXPECT_TRUE(parse_log_format(tcp_log_format).value().shows_end());
}

Loaded loaded(const std::string& lines) {
    return load_text(
        "defaults\n mode tcp\n timeout connect 1s\n timeout client 1s\n timeout server "
        "1s\n" +
            lines + "\n",
        "f", nullptr);
}
std::vector<std::string> said(const Loaded& loaded) {
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : loaded.diagnostics)
        lines.push_back(diagnostic.line());
    return lines;
}
const std::string listen = "listen x\n bind :5000\n server a 127.0.0.1:1\n ";

TEST(LogLines, targets_of_all_kinds) {
    const Loaded all = loaded(listen +
                              "log 10.0.0.1 local0\n log udp6@[::1]:99 local0\n log "
                              "unix@/dev/log len 200 format rfc5424 daemon notice err\n log abns@x "
                              "user\n log stdout format raw daemon\n log fd@7 sample 1,3-5:10 "
                              "local1\n log journald daemon\n log stderr format json daemon\n log "
                              "syslog.example local2");
    EXPECT_THAT(said(all), IsEmpty());
    std::vector<std::string> places;
    const auto& logs = all.config.frontends.at(0).logs;
    for (const log::Target& target : logs)
        places.push_back(target.place());
    EXPECT_THAT(places, testing::ElementsAre("10.0.0.1:514", "[::1]:99", "/dev/log", "@x", "stdout",
                                             "fd@7", "journald", "stderr", "syslog.example:514"));
    EXPECT_EQ(logs[2].length, 200U);
    EXPECT_EQ(logs[2].format, log::Format::rfc5424);
    EXPECT_EQ(logs[2].most, log::Level::notice);
    EXPECT_EQ(logs[2].least, log::Level::err);
    EXPECT_EQ(logs[5].sample.ranges.at(1).last, 5U);
    EXPECT_EQ(logs[5].sample.size, 10U);
    EXPECT_EQ(logs[7].length, 16U * 1024);
}

TEST(LogLines, what_cannot_be_is_refused_with_a_way_out) {
    const struct {
        const char* line;
        const char* says;
    } rows[] = {
        {"log ring@buf daemon", "there are no ring buffers; use stdout or a syslog address"},
        {"log tcp@1.2.3.4 daemon", "lines go by datagrams"},
        {"log 1.2.3.4 nowhere", "unknown log facility 'nowhere'"},
        {"log 1.2.3.4 daemon loud", "unknown optional log level 'loud'"},
        {"log 1.2.3.4 format fancy daemon", "unknown log format 'fancy'"},
        {"log 1.2.3.4 len 79 daemon", "79"},
        {"log 1.2.3.4 sample 1-3 daemon", "is not RANGES:SIZE"},
        {"log 1.2.3.4 sample 3-1:5 daemon", "ends before it begins"},
        {"log 1.2.3.4 sample 6:5 daemon", "6"},
        {"log 1.2.3.4", "needs 2 arguments"},
        {"log-format %ci %cp", "expects only one argument, don't forget to escape spaces!"},
        {"log-format \"\"", "expects an argument"},
        {"log-format \"%ci %r\"", "format variable 'r' is reserved for HTTP mode"},
        {"log-format \"%[nbsrv(nope)]\"", "unable to find backend 'nope'"},
        {"no option tcplog", "negation is not supported"},
    };
    for (const auto& row : rows) {
        const Loaded one = loaded(listen + row.line);
        EXPECT_FALSE(one.ok()) << row.line;
        EXPECT_THAT(said(one), Contains(AllOf(HasSubstr("[f:9]"), HasSubstr(row.says))));
    }
}

TEST(LogLines, the_last_of_the_lines_about_the_form_counts) {
    using Style = SessionLog::Style;
    const auto style = [](const std::string& lines) {
        return loaded(listen + lines).config.frontends.at(0).session_log.style;
    };
    EXPECT_EQ(style("no log"), Style::connect);
    EXPECT_EQ(style("option tcplog"), Style::tcp);
    EXPECT_EQ(style("option tcplog\n log-format %ci"), Style::custom);
    EXPECT_EQ(style("log-format %ci\n option tcplog"), Style::tcp);
}

TEST(LogLines, httplog_falls_back_to_tcplog_and_says_so) {
    const Loaded one = loaded(listen + "option httplog");
    EXPECT_EQ(one.config.frontends.at(0).session_log.style, SessionLog::Style::tcp);
    EXPECT_THAT(said(one), Contains(HasSubstr("'option httplog' not usable with proxy 'x' (needs "
                                              "'mode http'). Falling back to 'option tcplog'.")));
}

TEST(LogLines, a_format_of_defaults_is_blamed_once_however_many_sections_use_it) {
    const Loaded two = load_text(
        "defaults\n mode tcp\n timeout connect 1s\n timeout client 1s\n "
        "timeout server 1s\n log-format %r\nlisten x\n bind :1\n server a "
        "127.0.0.1:1\nlisten y\n bind :2\n server a 127.0.0.1:1\n",
        "f", nullptr);
    EXPECT_EQ(two.diagnostics.size(), 1U);
}

}  // namespace
}  // namespace pgsteer::config
