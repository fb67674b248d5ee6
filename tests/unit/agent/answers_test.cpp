#include "agent/answers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "probe/node_json.h"

namespace pgsteer::agent {
namespace {

using health::Role;
using namespace std::chrono_literals;

probe::RoleState knows(Role role) {
    probe::RoleState state;
    state.node.role = role;
    state.node.reason = role == Role::unknown ? "no answer within 1s" : "";
    return state;
}

http::Response ask(Role role, const std::string& path, const std::string& method = "GET") {
    http::Request request;
    request.method = method;
    request.path = path;
    return answer(knows(role), Facts{milliseconds(50), TimePoint(100s)}, request);
}

std::string header(const http::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers)
        if (key == name) return value;
    return "none";
}

TEST(AgentRoot, AnswersAsTheScriptDoes) {
    for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
        EXPECT_EQ(ask(Role::primary, "/", method).status, 200);
        EXPECT_EQ(ask(Role::primary, "/", method).reason, "OK");
        EXPECT_EQ(ask(Role::primary, "/", method).body, "Primary\n");
        EXPECT_EQ(ask(Role::standby, "/", method).status, 206);
        EXPECT_EQ(ask(Role::standby, "/", method).reason, "Partial Content");
        EXPECT_EQ(ask(Role::standby, "/", method).body, "Standby\n");
        EXPECT_EQ(ask(Role::unknown, "/", method).status, 503);
        EXPECT_EQ(ask(Role::unknown, "/", method).reason, "Service Unavailable");
        EXPECT_EQ(ask(Role::unknown, "/", method).body, "DB Down\n");
    }
}

TEST(AgentAnswers, SayWhatTheNodeIsInAHeaderOnEveryPath) {
    for (const char* path : {"/", "/primary", "/status", "/nowhere"})
        for (const Role role : {Role::primary, Role::standby, Role::unknown}) {
            const http::Response response = ask(role, path);
            const auto node = probe::read_node_text(header(response, "X-Pgsteer-Node"));
            ASSERT_TRUE(node) << path;
            EXPECT_EQ(node->role, role) << path;
            EXPECT_EQ(header(response, "X-Pgsteer-Watch"), "/watch") << path;
        }
}

TEST(AgentAnswers, OfAOneShotCheckOfferNoStream) {
    http::Request request;
    request.method = "GET";
    request.path = "/";
    EXPECT_EQ(header(answer(knows(Role::primary), Facts{}, request), "X-Pgsteer-Watch"), "none");
}

TEST(AgentReplicaPath, WeighsTheLagThatItIsAskedFor) {
    probe::RoleState state = knows(Role::standby);
    state.node.received = pgwire::Lsn{20 << 20};
    state.node.lsn = pgwire::Lsn{10 << 20};
    state.node.replay_delay = milliseconds(3000);
    const auto status = [&](const char* query) {
        http::Request request;
        request.method = "GET";
        request.path = "/replica";
        request.query = query;
        return answer(state, Facts{milliseconds(50), TimePoint(100s)}, request).status;
    };
    EXPECT_EQ(status(""), 200);
    EXPECT_EQ(status("lag=10MB"), 200);
    EXPECT_EQ(status("lag=9MB"), 503);
    EXPECT_EQ(status("x=1&lag=9MB"), 503);
    EXPECT_EQ(status("lag=3s"), 200);
    EXPECT_EQ(status("lag=2s"), 503);
    EXPECT_EQ(status("lag=nonsense"), 200);
}

TEST(AgentWatch, BringsTheStatusAndTheAnswerOfTheCheckInEachEvent) {
    http::Request request;
    request.method = "GET";
    request.path = "/watch";
    request.query = "check=HEAD%20/replica%3Flag=1MB";
    const auto check = watched_check(request);
    ASSERT_TRUE(check);
    EXPECT_EQ(check->method, "HEAD");
    EXPECT_EQ(check->path, "/replica");
    EXPECT_EQ(check->query, "lag=1MB");
    probe::RoleState state = knows(Role::standby);
    state.asked = TimePoint(99s);
    const std::string event = watch_event(state, Facts{milliseconds(50), TimePoint(100s)},
                                          {17, milliseconds(250)}, *check);
    EXPECT_TRUE(event.starts_with("id: 17\ndata: {"));
    EXPECT_TRUE(event.ends_with("}\n\n"));
    const auto data = nlohmann::json::parse(event.substr(event.find('{')));
    EXPECT_EQ(data["role"], "standby");
    EXPECT_EQ(data["sequence"], 17);
    EXPECT_EQ(data["heartbeat_ms"], 250);
    EXPECT_EQ(data["age_ms"], 1000);
    EXPECT_EQ(data["answer"]["status"], 200);
    EXPECT_EQ(data["answer"]["body"], "Standby\n");
}

TEST(AgentWatch, WithoutACheckWatchesTheRoot) {
    http::Request request;
    request.method = "GET";
    request.path = "/watch";
    EXPECT_EQ(watched_check(request)->method, "OPTIONS");
    EXPECT_EQ(watched_check(request)->path, "/");
    request.method = "POST";
    EXPECT_FALSE(watched_check(request));
}

TEST(AgentPaths, MeanWhatTheyMeanInPatroni) {
    struct Row {
        const char* path;
        int primary, standby;
    };
    for (const Row& row :
         {Row{"/primary", 200, 503}, Row{"/master", 200, 503}, Row{"/read-write", 200, 503},
          Row{"/leader", 200, 503}, Row{"/replica", 503, 200}, Row{"/read-only", 200, 200},
          Row{"/health", 200, 200}}) {
        EXPECT_EQ(ask(Role::primary, row.path).status, row.primary) << row.path;
        EXPECT_EQ(ask(Role::standby, row.path).status, row.standby) << row.path;
        EXPECT_EQ(ask(Role::unknown, row.path).status, 503) << row.path;
    }
}

TEST(AgentPaths, UnknownOnesAreNotFound) {
    EXPECT_EQ(ask(Role::primary, "/nowhere").status, 404);
    EXPECT_EQ(ask(Role::primary, "/primary/").status, 404);
    EXPECT_EQ(ask(Role::primary, "").status, 404);
}

TEST(AgentAnswers, RefuseMethodsThatChangeThings) {
    const http::Response response = ask(Role::primary, "/", "POST");
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(header(response, "Allow"), "GET, HEAD, OPTIONS");
}

TEST(AgentStatus, IsJsonWithWhatIsKnown) {
    probe::RoleState state = knows(Role::standby);
    state.node.timeline = pgwire::Timeline{7};
    state.node.lsn = pgwire::parse_lsn("0/3000060");
    state.server_version = 150004;
    state.since = TimePoint(90s);
    state.asked = TimePoint(99s);
    state.latency = std::chrono::microseconds(80);
    http::Request request;
    request.method = "GET";
    request.path = "/status";
    const http::Response response =
        answer(state, Facts{milliseconds(50), TimePoint(100s)}, request);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/json");
    const auto page = nlohmann::json::parse(response.body);
    EXPECT_EQ(page["role"], "standby");
    EXPECT_EQ(page["timeline"], 7);
    EXPECT_EQ(page["lsn"], "0/3000060");
    EXPECT_EQ(page["server_version"], 150004);
    EXPECT_EQ(page["since_seconds"], 10.0);
    EXPECT_EQ(page["asked_seconds_ago"], 1.0);
    EXPECT_EQ(page["latency_us"], 80);
    EXPECT_EQ(page["interval_ms"], 50);
}

TEST(AgentStatus, SaysWhyARoleIsUnknownInAnyEncoding) {
    probe::RoleState state = knows(Role::unknown);
    state.node.reason = "FATAL: r\xf4le \"x\"";
    http::Request request;
    request.method = "GET";
    request.path = "/status";
    const auto page = nlohmann::json::parse(answer(state, Facts{}, request).body);
    EXPECT_EQ(page["role"], "unknown");
    EXPECT_TRUE(page["timeline"].is_null());
    EXPECT_TRUE(page["since_seconds"].is_null());
    EXPECT_NE(page["reason"].get<std::string>().find("FATAL"), std::string::npos);
}

}  // namespace
}  // namespace pgsteer::agent
