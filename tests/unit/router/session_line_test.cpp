#include "router/session_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace pgsteer::router {
namespace {

using routing::EndReason;
using routing::Phase;

routing::RoutingTable table() {
    routing::RoutingTable table;
    table.servers.resize(2);
    table.servers[1].name = "pg1";
    table.backends.resize(1);
    table.backends[0].name = "nodes";
    table.frontends.resize(1);
    table.frontends[0].name = "ReadWrite";
    return table;
}

// 2026-11-23 10:00:00.123 in the zone of the machine, whatever it is.
WallTime accepted() {
    std::tm local{};
    local.tm_year = 126;
    local.tm_mon = 10;
    local.tm_mday = 23;
    local.tm_hour = 10;
    local.tm_isdst = -1;
    return std::chrono::system_clock::from_time_t(std::mktime(&local)) + milliseconds(123);
}

routing::SessionEnded session() {
    routing::SessionEnded ended;
    ended.client = *Address::from_literal("127.0.0.1", Port{40000});
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
    ended.process_sessions = 5;
    ended.frontend_sessions = 4;
    ended.backend_sessions = 3;
    ended.server_sessions = 2;
    return ended;
}

TEST(SessionLine, a_session_is_told_as_haproxys_tcplog_does) {
    EXPECT_EQ(session_line(session(), table()),
              "127.0.0.1:40000 [23/Nov/2026:10:00:00.123] ReadWrite nodes/pg1 2/1/250 1024 -- "
              "5/4/3/2/1 0/0");
}

TEST(SessionLine, a_client_that_got_no_server_shows_NOSRV_and_no_connect_time) {
    auto ended = session();
    ended.has_server = false;
    ended.waited = ended.connecting = milliseconds(-1);
    ended.reason = EndReason::no_server;
    ended.phase = Phase::queue;
    const std::string line = session_line(ended, table());
    EXPECT_NE(line.find(" nodes/<NOSRV> -1/-1/250 1024 sQ "), std::string::npos) << line;
}

TEST(SessionLine, an_ipv6_client_is_written_without_brackets) {
    auto ended = session();
    ended.client = *Address::from_literal("::1", Port{7});
    EXPECT_TRUE(session_line(ended, table()).starts_with("::1:7 ["));
}

TEST(SessionLine, a_client_of_a_unix_socket_has_no_address) {
    auto ended = session();
    ended.client = Address();
    EXPECT_TRUE(session_line(ended, table()).starts_with("unix:1 ["));
}

TEST(TerminationState, every_reason_has_haproxys_letters) {
    struct Row {
        EndReason reason;
        Phase phase;
        const char* letters;
    };
    const Row rows[] = {
        {EndReason::client_closed, Phase::data, "--"},
        {EndReason::server_closed, Phase::data, "--"},
        {EndReason::client_reset, Phase::data, "CD"},
        {EndReason::client_left, Phase::queue, "CQ"},
        {EndReason::client_left, Phase::connect, "CC"},
        {EndReason::server_reset, Phase::data, "SD"},
        {EndReason::client_timeout, Phase::data, "cD"},
        {EndReason::client_timeout, Phase::last, "cL"},
        {EndReason::server_timeout, Phase::data, "sD"},
        {EndReason::no_server, Phase::queue, "sQ"},
        {EndReason::connect_failed, Phase::connect, "SC"},
        {EndReason::cut, Phase::data, "DD"},
        {EndReason::shutdown, Phase::data, "KD"},
        {EndReason::resources, Phase::connect, "RC"},
    };
    for (const Row& row : rows) {
        const auto state = routing::termination_state(row.reason, row.phase);
        EXPECT_EQ((std::string{state.cause, state.phase}), row.letters)
            << routing::word(row.reason);
    }
}

}  // namespace
}  // namespace pgsteer::router
