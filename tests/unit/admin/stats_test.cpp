// One snapshot in all its forms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "admin/metrics.h"
#include "admin/servers_state.h"
#include "admin/stat_views.h"

namespace pgsteer::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

ServerLine server(const std::string& name, const std::string& status, bool accepts) {
    ServerLine line;
    line.id = line.view.number = 1;
    line.view.name = name;
    line.view.state = line.status = status;
    line.view.checked = true;
    line.view.check_word = "L7OK";
    line.view.check_words = "Layer7 check passed";
    line.view.check_code = 200;
    line.view.check_text = "OK, as ever";
    line.view.check_latency = milliseconds(3);
    line.view.last_change = TimePoint{};
    line.address = "10.0.0.1:5432";
    line.cause = accepts ? "up" : "check-failed";
    line.accepts = accepts;
    line.weight = line.view.user_weight = line.view.first_weight = 1;
    line.limit = 100;
    line.total = 7;
    return line;
}

Snapshot sample() {
    Snapshot snapshot;
    snapshot.at = TimePoint{} + seconds(90);
    snapshot.version = "1.2.3";
    snapshot.workers = 2;
    snapshot.uptime = seconds(61);
    ProxyLine front;
    front.name = "ReadWrite";
    front.id = 2;
    front.limit = 100;
    snapshot.frontends.push_back(front);
    ProxyLine back = front;
    back.algorithm = "roundrobin";
    back.servers = {server("pg0", "UP", true), server("pg1", "DOWN", false)};
    back.servers[1].id = 2;
    back.servers[1].view.role = health::Role::standby;
    back.active = 1;
    back.waiting = 3;
    snapshot.backends.push_back(back);
    return snapshot;
}

std::vector<std::string> columns(const std::string& line) {
    std::vector<std::string> cells;
    std::string cell;
    bool quoted = false;
    for (const char c : line) {
        if (c == '"') quoted = !quoted;
        if (c == ',' && !quoted)
            cells.push_back(std::exchange(cell, ""));
        else
            cell += c;
    }
    return cells;
}

TEST(Csv, HasHaproxysColumnsAtTheirPlacesAndItsLinesInTheirOrder) {
    std::istringstream text(stat_csv(sample(), {}));
    std::string head, front, pg0, pg1, back, rest;
    std::getline(text, head);
    std::getline(text, front);
    std::getline(text, pg0);
    std::getline(text, pg1);
    std::getline(text, back);
    EXPECT_FALSE(std::getline(text, rest));
    const auto names = columns(head);
    EXPECT_EQ(names[0], "# pxname");
    EXPECT_EQ(names[17], "status");
    EXPECT_EQ(names[73], "addr");
    EXPECT_EQ(names[102], "agg_check_status");
    EXPECT_EQ(names[103], "-");
    EXPECT_EQ(columns(pg0).size(), names.size());
    EXPECT_EQ(columns(front)[1], "FRONTEND");
    EXPECT_EQ(columns(front)[17], "OPEN");
    EXPECT_EQ(columns(pg0)[17], "UP");
    EXPECT_EQ(columns(pg0)[4], "0");
    EXPECT_EQ(columns(pg0)[7], "7");
    EXPECT_EQ(columns(pg0)[56], "\"OK, as ever\"");
    EXPECT_EQ(columns(pg1)[28], "2");
    EXPECT_EQ(columns(pg1)[104], "standby");
    EXPECT_EQ(columns(back)[1], "BACKEND");
    EXPECT_EQ(columns(back)[2], "3");
}

TEST(Csv, ShowsNoAddressToWhoMayNotSeeIt) {
    StatFilter filter;
    filter.legends = false;
    EXPECT_THAT(stat_csv(sample(), filter), Not(HasSubstr("10.0.0.1")));
    EXPECT_THAT(stat_csv(sample(), {}), HasSubstr("10.0.0.1:5432"));
}

std::vector<std::string> first_server_of(const Snapshot& snapshot) {
    std::istringstream text(stat_csv(snapshot, {}));
    std::string line;
    for (int i = 0; i < 3; ++i)
        std::getline(text, line);
    return columns(line);
}

TEST(Csv, ShowsACodeOfAllThatWasUnderstoodAndNoAnswerOfWhomNobodyAsks) {
    Snapshot snapshot = sample();
    ServerLine& server = snapshot.backends[0].servers[0];
    EXPECT_EQ(first_server_of(snapshot)[37], "200");
    server.view.check_code = 0;  // of a tcp-check
    EXPECT_EQ(first_server_of(snapshot)[37], "0");
    server.view.check_word = "L4CON";
    EXPECT_EQ(first_server_of(snapshot)[37], "");
    EXPECT_EQ(first_server_of(snapshot)[36], "L4CON");
    server.view.state = server.status = "MAINT";
    EXPECT_EQ(first_server_of(snapshot)[36], "");
}

TEST(Csv, HasNoAddressOfANameThatStandsForNone) {
    Snapshot snapshot = sample();
    snapshot.backends[0].servers[0].address = "not resolved";
    EXPECT_EQ(first_server_of(snapshot)[73], "");
}

TEST(Csv, LeavesOutWhatIsNotAskedFor) {
    StatFilter filter;
    filter.kinds = StatFilter::servers;
    filter.server = 2;
    const std::string text = stat_csv(sample(), filter);
    EXPECT_THAT(text, HasSubstr("ReadWrite,pg1,"));
    EXPECT_THAT(text, Not(HasSubstr("FRONTEND")));
    EXPECT_THAT(text, Not(HasSubstr("pg0")));
    StatFilter up;
    up.up_only = true;
    EXPECT_THAT(stat_csv(sample(), up), HasSubstr(",UP (1/2),"));
    EXPECT_THAT(stat_csv(sample(), up), Not(HasSubstr("pg1")));
    StatFilter other;
    other.name = "nobody";
    const std::string none = stat_csv(sample(), other);
    EXPECT_EQ(none.find('\n'), none.size() - 1);
}

TEST(Typed, HasTagsTypesAndMeanings) {
    const std::string text = stat_typed(sample(), {}, true);
    EXPECT_THAT(text, HasSubstr("S.2.1.7.stot.1:MCP:u64:7:\"Total number of sessions since process "
                                "started\"\n"));
    EXPECT_THAT(text, HasSubstr("B.2.0.17.status.1:SGP:str:UP:"));
    EXPECT_THAT(text, Not(HasSubstr(".-.1:")));
}

TEST(Json, IsJsonWhateverTheTextsHold) {
    Snapshot snapshot = sample();
    snapshot.backends[0].servers[0].view.check_text = "a \"quote\" \\ and \x01\n";
    const auto json = nlohmann::json::parse(stat_json(snapshot, {}));
    ASSERT_EQ(json.size(), 4U);
    EXPECT_EQ(json[1][0]["objType"], "Server");
    EXPECT_EQ(json[1][0]["proxyId"], 2);
    EXPECT_EQ(json[1][0]["tags"]["origin"], "Key");
    EXPECT_TRUE(nlohmann::json::parse(info_json(snapshot)).is_array());
    EXPECT_TRUE(nlohmann::json::parse(schema_json()).is_object());
}

TEST(Info, SaysWhoItIsAndForHowLong) {
    const std::string text = info_text(sample(), false);
    EXPECT_THAT(text, HasSubstr("Name: pgsteer\nVersion: 1.2.3\n"));
    EXPECT_THAT(text, HasSubstr("Uptime: 0d 0h01m01s\nUptime_sec: 61\n"));
    EXPECT_THAT(info_typed(sample(), false), HasSubstr("3.Nbthread.1:CGS:u32:2\n"));
}

TEST(Metrics, HaveHaproxysNamesAndLabels) {
    const std::string text = metrics(sample(), {});
    EXPECT_THAT(text, HasSubstr("# TYPE haproxy_process_nbthread gauge\nhaproxy_process_nbthread "
                                "2\n"));
    EXPECT_THAT(text, HasSubstr("haproxy_frontend_status{proxy=\"ReadWrite\",state=\"UP\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("haproxy_server_sessions_total{proxy=\"ReadWrite\",server=\"pg0\"} "
                                "7\n"));
    EXPECT_THAT(text, HasSubstr("haproxy_server_check_duration_seconds{proxy=\"ReadWrite\",server="
                                "\"pg0\"} 0.003000\n"));
    EXPECT_THAT(text, HasSubstr("haproxy_backend_agg_server_status{proxy=\"ReadWrite\",state="
                                "\"DOWN\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("pgsteer_backend_waiting_clients{proxy=\"ReadWrite\"} 3\n"));
}

TEST(Metrics, EscapeTheirLabels) {
    Snapshot snapshot = sample();
    snapshot.backends[0].servers[0].view.name = "a\"b\\c\nd";
    EXPECT_THAT(metrics(snapshot, {}), HasSubstr("server=\"a\\\"b\\\\c\\nd\""));
}

TEST(Metrics, AreLimitedToTheScopesThatAreAskedFor) {
    const auto filter = metric_filter("scope=global&no-maint");
    ASSERT_TRUE(filter);
    EXPECT_TRUE(filter->global && filter->hide_maintenance && !filter->servers);
    EXPECT_FALSE(metric_filter("scope=nonsense"));
    EXPECT_TRUE(metric_filter("")->servers);
    EXPECT_THAT(metrics(sample(), *filter), Not(HasSubstr("haproxy_server")));
}

TEST(Status, OfAFencedServerIsDownForToolsAndFencedForPeople) {
    Snapshot snapshot = sample();
    ServerLine& line = snapshot.backends[0].servers[0];
    line.view.state = "FENCED";
    line.status = "DOWN";
    const auto row = server_row(snapshot, snapshot.backends[0], line);
    EXPECT_EQ(text_of(row.at(Stat::status)), "DOWN");
    EXPECT_EQ(text_of(row.at(Stat::fenced)), "1");
}

TEST(ServersState, IsHaproxysStateFile) {
    const std::string text = servers_state(sample(), {}, std::nullopt);
    EXPECT_THAT(text, testing::StartsWith("1\n# be_id be_name srv_id "));
    EXPECT_THAT(text, HasSubstr("\n2 ReadWrite 1 pg0 10.0.0.1 2 0 1 1 90 15 3 0 "));
    EXPECT_THAT(text, HasSubstr("\n2 ReadWrite 2 pg1 10.0.0.1 0 0 1 1 90 15 3 0 "));
    EXPECT_THAT(servers_state(sample(), {}, "other"), Not(HasSubstr("pg0")));
}

}  // namespace
}  // namespace pgsteer::admin
