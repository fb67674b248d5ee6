#include "probe/http_answer.h"

#include <gtest/gtest.h>

namespace pgsteer::probe {
namespace {

using health::Role;

// What the shell script sends, byte for byte (echo -e "…\r\n" ends with CR LF LF).
std::string script_answer(const std::string& status, const std::string& word) {
    return "HTTP/1.1 " + status + "\r\n\nContent-Type: Content-Type: text/plain\r\n\n\r\n\n" +
           word + "\n\r\n\n";
}

TEST(HttpAnswer, ReadsTheScriptsAnswers) {
    struct Row {
        std::string status, word;
        int code;
        Role role;
    };
    for (const Row& row : {Row{"200 OK", "Primary", 200, Role::primary},
                           Row{"206 OK", "Standby", 206, Role::standby},
                           Row{"503 Service Unavailable", "DB Down", 503, Role::unknown}}) {
        const auto parsed = parse_answer(script_answer(row.status, row.word), false);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(parsed->answer.status, row.code);
        EXPECT_EQ(parsed->answer.reason, row.status.substr(4));
        EXPECT_EQ(parsed->answer.role, row.role);
        EXPECT_TRUE(parsed->head_ended);
        EXPECT_FALSE(parsed->body_complete) << "only the end of the connection ends it";
        EXPECT_NE(parsed->answer.body.find(row.word), std::string::npos);
    }
}

TEST(HttpAnswer, SkipsShellErrorsBeforeTheStatusLine) {
    const auto parsed = parse_answer(
        "psql: error: connection to server failed: Connection refused\n\tIs the server running?\n" +
            script_answer("503 Service Unavailable", "DB Down"),
        false);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->answer.status, 503);
}

TEST(HttpAnswer, IsNothingUntilAStatusLineIsComplete) {
    for (const char* text : {"", "HTTP/1.1 200 OK", "hello\n", "HTTP/1.1\n", "HTTP/1.1 2000 OK\n",
                             "HTTP/1.1 20 OK\n", "HTTP/1.1 099 OK\n", "HTTP/1.1 600 OK\n",
                             "HTTP/ 200 OK\n", "200 OK\n", "say HTTP/1.1 200 OK\n"})
        EXPECT_FALSE(parse_answer(text, false)) << text;
    EXPECT_TRUE(parse_answer("HTTP/1.0 200\r\n", false));
}

TEST(HttpAnswer, TellsAnEndedHeadFromAnOpenOne) {
    EXPECT_FALSE(parse_answer("HTTP/1.0 200 OK\r\nServer: x\r\n", false)->head_ended);
    EXPECT_TRUE(parse_answer("HTTP/1.0 200 OK\r\nServer: x\r\n\r\n", false)->head_ended);
}

TEST(HttpAnswer, IsCompleteWithItsContentLength) {
    const std::string head = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n";
    EXPECT_FALSE(parse_answer(head + "Primary", false)->body_complete);
    const auto parsed = parse_answer(head + "Primary\nmore", false);
    EXPECT_TRUE(parsed->body_complete);
    EXPECT_EQ(parsed->answer.body, "Primary\n");
}

TEST(HttpAnswer, IsCompleteWithItsHeadWhenNoBodyCanFollow) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n";
    EXPECT_TRUE(parse_answer(head, true)->body_complete);
    EXPECT_FALSE(parse_answer(head, false)->body_complete);
    EXPECT_TRUE(parse_answer("HTTP/1.1 204 No Content\r\n\r\n", false)->body_complete);
}

TEST(HttpAnswer, PutsChunksTogether) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const auto open = parse_answer(head + "4\r\nPrim\r\n3\r\nar", false);
    EXPECT_FALSE(open->body_complete);
    const auto whole = parse_answer(head + "4\r\nPrim\r\n3\r\nary\r\n0\r\n\r\n", false);
    EXPECT_TRUE(whole->body_complete);
    EXPECT_EQ(whole->answer.body, "Primary");
    EXPECT_EQ(whole->answer.role, Role::primary);
}

TEST(HttpAnswer, TakesTheRoleFromTheHeaderBeforeTheBody) {
    const std::string start = "HTTP/1.1 200 OK\r\nx-pgsteer-node: ";
    const auto standby = parse_answer(start + "{\"role\":\"standby\"}\r\n\r\nPrimary\n", false);
    EXPECT_EQ(standby->answer.role, Role::standby);
    EXPECT_TRUE(standby->answer.node);
    EXPECT_FALSE(standby->answer.offers_stream);
    const auto unknown = parse_answer(start + "{\"role\":\"unknown\"}\r\n\r\nPrimary\n", false);
    EXPECT_EQ(unknown->answer.role, Role::unknown);
    EXPECT_TRUE(unknown->answer.node);
}

TEST(HttpAnswer, OfAScriptHasNoVote) {
    EXPECT_FALSE(parse_answer("HTTP/1.1 200 OK\r\n\r\nPrimary\n", false)->answer.node);
    EXPECT_FALSE(
        parse_answer("HTTP/1.1 200 OK\r\nX-Pgsteer-Node: nonsense\r\n\r\n", false)->answer.node);
}

TEST(HttpAnswer, SaysWhetherItsNodeCanBeWatched) {
    EXPECT_TRUE(parse_answer("HTTP/1.1 200 OK\r\nX-Pgsteer-Watch: /watch\r\n\r\n", false)
                    ->answer.offers_stream);
}

TEST(HttpAnswer, TakesTheVoteOfPatronisJson) {
    const std::string head = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n";
    const std::string body =
        R"({"state": "running", "role": "replica", "server_version": 150004, "timeline": 4,)"
        R"( "xlog": {"received_location": 83886408, "replayed_location": 83886400},)"
        R"( "database_system_identifier": "7300000000000000001"})";
    const auto replica = parse_answer(head + body, false)->answer.node;
    ASSERT_TRUE(replica);
    EXPECT_EQ(replica->role, Role::standby);
    EXPECT_EQ(replica->timeline, pgwire::Timeline{4});
    EXPECT_EQ(replica->system, pgwire::SystemId{7300000000000000001ULL});
    EXPECT_EQ(replica->received->position, 83886408U);
    EXPECT_EQ(replica->lsn->position, 83886400U);
    const auto starting =
        parse_answer(head + R"({"state": "starting", "role": "master"})", false)->answer.node;
    ASSERT_TRUE(starting);
    EXPECT_EQ(starting->role, Role::unknown);
    EXPECT_FALSE(parse_answer(head + R"({"status": "ok"})", false)->answer.node);
    EXPECT_FALSE(parse_answer(head + R"({"role": )", false)->answer.node);
}

TEST(HttpAnswer, TakesARoleOnlyFromAWholeLineAndOnlyOne) {
    const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
    EXPECT_EQ(parse_answer(head + "the Primary is up\n", false)->answer.role, Role::unknown);
    EXPECT_EQ(parse_answer(head + "Primary\nStandby\n", false)->answer.role, Role::unknown);
    EXPECT_EQ(parse_answer(head + "Standby", false)->answer.role, Role::standby);
}

TEST(HttpQuestion, IsWhatTheFileSays) {
    config::HttpSendStep request;
    EXPECT_EQ(format_request(request, "node"), "OPTIONS / HTTP/1.0\r\nConnection: close\r\n\r\n");
    request.method = "POST";
    request.uri = config::plain("/x");
    request.version = "HTTP/1.1";
    request.body = config::plain("abc");
    EXPECT_EQ(
        format_request(request, "node"),
        "POST /x HTTP/1.1\r\nHost: node\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    request.headers = {{"host", config::plain("other")}};
    EXPECT_EQ(
        format_request(request, "node"),
        "POST /x HTTP/1.1\r\nhost: other\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
}

TEST(Excerpt, IsOneShortPrintableLine) {
    EXPECT_EQ(excerpt("\r\n bash: \x01no\r\nsecond"), "bash: ?no");
    EXPECT_EQ(excerpt(std::string(500, 'x')).size(), 80U);
}

}  // namespace
}  // namespace pgsteer::probe
