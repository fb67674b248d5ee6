#include "router/session_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace pgsteer::router {
namespace {

using routing::EndReason;
using routing::Moment;
using routing::Phase;
using testing::Contains;
using testing::HasSubstr;

routing::RoutingTable table() {
    routing::RoutingTable table;
    table.servers.resize(2);
    table.servers[1].name = "pg1";
    table.backends.resize(1);
    table.backends[0].name = "nodes";
    table.frontends.resize(1);
    table.frontends[0].name = "ReadWrite";
    table.shared = std::make_shared<routing::Shared>(1);
    return table;
}

// 2026-11-23 10:00:00.123 in the zone of the tests.
WallTime accepted() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    return WallTime(seconds(1795428000) + milliseconds(123));
}

routing::SessionEnded session() {
    routing::SessionEnded ended;
    ended.client = *Address::from_literal("127.0.0.1", Port{40000});
    ended.destination = *Address::from_literal("10.0.0.9", Port{5000});
    ended.source = *Address::from_literal("10.0.0.9", Port{33333});
    ended.server_address = *Address::from_literal("10.0.0.1", Port{5432});
    ended.listener = 2;
    ended.number = 171;
    ended.has_server = true;
    ended.server = routing::ServerId{1};
    ended.accepted = accepted();
    ended.waited = milliseconds(2);
    ended.connecting = milliseconds(1);
    ended.total = milliseconds(250);
    ended.bytes_in = 77;
    ended.bytes_out = 1024;
    ended.reason = EndReason::client_closed;
    ended.phase = Phase::data;
    ended.retries = 1;
    ended.queue_position = 3;
    ended.process_sessions = 5;
    ended.frontend_sessions = 4;
    ended.backend_sessions = 3;
    ended.server_sessions = 2;
    return ended;
}

std::string text(std::string_view format, const routing::SessionEnded& ended, bool early = false) {
    const routing::RoutingTable rows = table();
    LineForm form = line_form(config::parse_log_format(format).value(), rows, "ReadWrite");
    form.early = early;
    return session_text(form, ended, {.table = rows, .host = "vm", .pid = 4711, .log_number = 7});
}

TEST(SessionText, tcplog_is_haproxys) {
    EXPECT_EQ(text(config::tcp_log_format, session()),
              "127.0.0.1:40000 [23/Nov/2026:10:00:00.123] ReadWrite nodes/pg1 2/1/250 1024 -- "
              "5/4/3/2/1 0/3");
}

TEST(SessionText, a_client_that_got_no_server_shows_NOSRV_and_no_connect_time) {
    auto ended = session();
    ended.has_server = false;
    ended.waited = milliseconds(5000);
    ended.connecting = milliseconds(-1);
    ended.reason = EndReason::no_server;
    EXPECT_THAT(text(config::tcp_log_format, ended),
                HasSubstr("ReadWrite nodes/<NOSRV> 5000/-1/250 1024 sQ "));
}

TEST(SessionText, logasap_marks_what_goes_on_growing) {
    auto ended = session();
    ended.moment = Moment::connected;
    EXPECT_THAT(text(config::tcp_log_format, ended, true), HasSubstr(" 2/1/+250 +1024 -- "));
}

TEST(SessionText, a_retry_elsewhere_has_a_plus) {
    auto ended = session();
    ended.redispatched = true;
    EXPECT_EQ(text("%rc", ended), "+1");
}

TEST(SessionText, what_rules_captured_cannot_look_like_the_line_around_it) {
    const routing::RoutingTable rows = table();
    auto ended = session();
    ended.captured = {"a\"#{|}", "b\nc"};
    const auto shown = [&](std::string_view format) {
        LineForm form = line_form(config::parse_log_format(format).value(), rows, "ReadWrite");
        form.captures = 3;
        return session_text(form, ended, {.table = rows});
    };
    EXPECT_EQ(shown("%hr"), "{a#22#23#7B#7C#7D|b#0Ac|}");
    EXPECT_EQ(shown("%{+Q}hr"), "\"{a#22#23#7B#7C#7D|b#0Ac|}\"");
    EXPECT_EQ(shown("%hrl"), "a#22#23#7B#7C#7D b#0Ac -");
    EXPECT_EQ(shown("%{+Q}hrl"), "\"a#22#23#7B#7C#7D\" \"b#0Ac\" \"\"");
    EXPECT_EQ(shown("%hs%hsl"), "");
    EXPECT_EQ(shown("%[capture.req.hdr(1)] %[capture.req.hdr(2)]"), "b#0Ac -");
}

// Each as HAProxy 2.6 writes it in mode tcp.
TEST(SessionText, each_variable_of_mode_tcp) {
    const struct {
        const char* format;
        const char* shown;
    } rows[] = {
        {"%ci", "127.0.0.1"},
        {"%cp", "40000"},
        {"%fi:%fp", "10.0.0.9:5000"},
        {"%bi:%bp", "10.0.0.9:33333"},
        {"%si:%sp", "10.0.0.1:5432"},
        {"%b %s %f %ft", "nodes pg1 ReadWrite ReadWrite"},
        {"%t", "23/Nov/2026:10:00:00.123"},
        {"%T", "23/Nov/2026:10:00:00 +0000"},
        {"%Tl", "23/Nov/2026:10:00:00 +0000"},
        {"%Ts %ms", "1795428000 123"},
        {"%Th %Tw %Tc %Td %Tt %Tu", "0 2 1 247 250 250"},
        {"%ts %tsc", "-- ----"},
        {"%ac %fc %bc %sc %rc %sq %bq", "5 4 3 2 1 0 3"},
        {"%B %U", "1024 77"},
        {"%H %pid %lc %rt", "vm 4711 7 171"},
        {"%ST %ID %sslc %sslv", "0 - - -"},
        {"[%hr%hrl%hs%hsl]", "[]"},
        {"a %hr %hrl %hs %hsl b", "a b"},
        {"%{+X}ci %{+X}cp", "7F000001 9C40"},
        {"%{+X}Ts %{+X}ms %{+X}pid %{+X}rt %{+X}lc", "6B040EA0 7B 1267 00AB 0007"},
        {"%{+Q}s %{+Q}sslv %{+Q}B %{+Q}ci", "\"pg1\" \"\" 1024 \"127.0.0.1\""},
        {"%{-M}sslv|", "|"},
        {"a   b", "a b"},
        {"100%%", "100%"},
        {"%[src] %[src_port] %[always_true] %[int(5)]", "127.0.0.1 40000 1 5"},
        {"%[env(PGSTEER_NO_SUCH)]x %{+Q}[env(PGSTEER_NO_SUCH)]x", "-x \"\"x"},
        {"%{+Q,+E}[str('a]b')]", "\"a\\]b\""},
    };
    for (const auto& row : rows)
        EXPECT_EQ(text(row.format, session()), row.shown) << row.format;
}

TEST(SessionText, clients_of_unix_sockets_and_of_ipv6) {
    auto ended = session();
    ended.client = Address();
    ended.destination = *Address::unix_path("/run/x.sock");
    EXPECT_EQ(text("%ci:%cp %fi:%fp", ended), "unix:2 unix:2");
    ended.client = *Address::from_literal("::1", Port{7});
    EXPECT_EQ(text("%ci:%cp %{+X}ci", ended), "::1:7 00000000000000000000000000000001");
}

TEST(SessionText, the_default_line_is_haproxys) {
    const routing::RoutingTable rows = table();
    EXPECT_EQ(connect_text(session(), rows),
              "Connect from 127.0.0.1:40000 to 10.0.0.9:5000 (ReadWrite/TCP)");
    auto local = session();
    local.client = Address();
    EXPECT_EQ(connect_text(local, rows), "Connect to unix:2 (ReadWrite/TCP)");
}

TEST(SessionText, a_client_without_the_proxy_header_gets_haproxys_error_line) {
    const routing::RoutingTable rows = table();
    EXPECT_EQ(failed_text(session(), {.table = rows}, "Why"),
              "127.0.0.1:40000 [23/Nov/2026:10:00:00.123] ReadWrite/2: Why");
    EXPECT_EQ(failed_text(session(), {.table = rows, .listener_name = "front"}, "Why"),
              "127.0.0.1:40000 [23/Nov/2026:10:00:00.123] ReadWrite/front: Why");
}

TEST(SessionFields, keys_are_stable_and_numbers_are_numbers) {
    std::string shown;
    for (const log::Field& field : session_fields(session(), table()))
        shown += std::string(field.key) + (field.is_number ? "#" : "=") + field.text + " ";
    EXPECT_EQ(shown,
              "frontend=ReadWrite backend=nodes server=pg1 cause=client-closed state=-- "
              "client=127.0.0.1 client_port#40000 destination=10.0.0.9 destination_port#5000 "
              "source=10.0.0.9 source_port#33333 server_address=10.0.0.1 server_port#5432 "
              "accepted=2026-11-23T10:00:00.123000+00:00 handshake_ms#0 waiting_ms#2 connect_ms#1 "
              "total_ms#250 bytes_in#77 bytes_out#1024 retries#1 redispatched#false "
              "queue_position#3 sessions#5 frontend_sessions#4 backend_sessions#3 "
              "server_sessions#2 listener#2 number#171 ");
}

TEST(SessionText, the_termination_state_says_who_ended_it_and_when) {
    const struct {
        EndReason reason;
        Phase phase;
        const char* state;
    } rows[] = {
        {EndReason::client_closed, Phase::data, "--"},
        {EndReason::server_closed, Phase::last, "--"},
        {EndReason::client_reset, Phase::data, "CD"},
        {EndReason::server_reset, Phase::data, "SD"},
        {EndReason::client_timeout, Phase::data, "cD"},
        {EndReason::server_timeout, Phase::data, "sD"},
        {EndReason::client_left, Phase::queue, "CQ"},
        {EndReason::client_left, Phase::connect, "CC"},
        {EndReason::no_server, Phase::queue, "sQ"},
        {EndReason::connect_failed, Phase::connect, "SC"},
        {EndReason::connect_timeout, Phase::connect, "sC"},
        {EndReason::no_backend, Phase::queue, "SC"},
        {EndReason::cut, Phase::data, "D-"},
        {EndReason::superseded, Phase::data, "U-"},
        {EndReason::killed, Phase::data, "K-"},
        {EndReason::rejected, Phase::request, "PR"},
        {EndReason::no_proxy_header, Phase::request, "PR"},
        {EndReason::resources, Phase::connect, "RC"},
    };
    for (const auto& row : rows) {
        auto ended = session();
        ended.reason = row.reason;
        ended.phase = row.phase;
        EXPECT_EQ(text("%ts", ended), row.state) << routing::word(row.reason);
    }
}

}  // namespace
}  // namespace pgsteer::router
