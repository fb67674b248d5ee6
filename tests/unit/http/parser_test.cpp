#include "http/parser.h"

#include <gtest/gtest.h>

namespace pgsteer::http {
namespace {

constexpr std::size_t bound = 8192;

TEST(RequestParser, ReadsMethodPathQueryAndAuthorization) {
    const Parsed parsed = parse_request(
        "GET /replica?lag=10MB HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\n\r\n", bound);
    ASSERT_EQ(parsed.state, ParseState::complete);
    EXPECT_EQ(parsed.request.method, "GET");
    EXPECT_EQ(parsed.request.path, "/replica");
    EXPECT_EQ(parsed.request.query, "lag=10MB");
    EXPECT_EQ(parsed.request.authorization, "Basic YTpi");
    EXPECT_FALSE(parsed.request.silent);
}

TEST(RequestParser, ReadsWhatHaproxySendsByDefault) {
    const Parsed parsed = parse_request("OPTIONS / HTTP/1.0\r\n\r\n", bound);
    ASSERT_EQ(parsed.state, ParseState::complete);
    EXPECT_EQ(parsed.request.method, "OPTIONS");
    EXPECT_EQ(parsed.request.path, "/");
}

TEST(RequestParser, EveryPrefixOfARequestNeedsMore) {
    const std::string text = "HEAD /primary HTTP/1.1\r\nHost: node\r\n\r\n";
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_EQ(parse_request(text.substr(0, size), bound).state, ParseState::need_more) << size;
    EXPECT_EQ(parse_request(text, bound).state, ParseState::complete);
}

TEST(RequestParser, AcceptsLinesThatEndWithLineFeedAlone) {
    const Parsed parsed = parse_request("GET /status HTTP/1.0\nHost: x\n\n", bound);
    ASSERT_EQ(parsed.state, ParseState::complete);
    EXPECT_EQ(parsed.request.path, "/status");
}

TEST(RequestParser, SkipsEmptyLinesBeforeTheRequest) {
    EXPECT_EQ(parse_request("\r\n\nGET / HTTP/1.0\r\n\r\n", bound).state, ParseState::complete);
    EXPECT_EQ(parse_request("\r\n\r\n", bound).state, ParseState::need_more);
}

TEST(RequestParser, IsDoneWithTheHeadOfARequestThatBringsABody) {
    const Parsed parsed =
        parse_request("POST /x HTTP/1.1\r\nContent-Length: 99999999\r\n\r\nabc", bound);
    ASSERT_EQ(parsed.state, ParseState::complete);
    EXPECT_EQ(parsed.request.method, "POST");
}

TEST(RequestParser, AwaitsABodyThatIsAskedForAndSaysItsLength) {
    constexpr std::size_t most_body = 8;
    const std::string head = "POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
    EXPECT_EQ(parse_request(head + "s=pg", bound, most_body).state, ParseState::need_more);
    const Parsed parsed = parse_request(head + "s=pg0&more", bound, most_body);
    ASSERT_EQ(parsed.state, ParseState::complete);
    EXPECT_EQ(parsed.request.body, "s=pg0");
    EXPECT_EQ(parse_request("POST / HTTP/1.1\r\n\r\n", bound, most_body).request.body, "");
}

TEST(RequestParser, RefusesABodyWithoutABound) {
    const auto state = [](const std::string& line) {
        return parse_request("POST / HTTP/1.1\r\n" + line + "\r\n\r\n", bound, 8).state;
    };
    EXPECT_EQ(state("Content-Length: 9"), ParseState::body_too_large);
    EXPECT_EQ(state("Content-Length: 99999999999999999999"), ParseState::malformed);
    EXPECT_EQ(state("Content-Length: -1"), ParseState::malformed);
    EXPECT_EQ(state("Transfer-Encoding: chunked"), ParseState::length_required);
}

TEST(RequestParser, KeepsHeadersByTheirNamesInLowerCase) {
    const Parsed parsed =
        parse_request("GET / HTTP/1.1\r\nHOST: a:1\r\nSec-Fetch-Site: same-origin\r\n\r\n", bound);
    ASSERT_NE(parsed.request.header("host"), nullptr);
    EXPECT_EQ(*parsed.request.header("host"), "a:1");
    EXPECT_EQ(*parsed.request.header("sec-fetch-site"), "same-origin");
    EXPECT_EQ(parsed.request.header("origin"), nullptr);
}

TEST(RequestParser, TakesThePathOutOfAnAbsoluteTarget) {
    EXPECT_EQ(parse_request("GET http://a:1/b?c HTTP/1.1\r\n\r\n", bound).request.path, "/b");
    EXPECT_EQ(parse_request("GET http://a:1 HTTP/1.1\r\n\r\n", bound).request.path, "/");
}

TEST(RequestParser, RefusesWhatIsNotHttp) {
    EXPECT_EQ(parse_request("GET /\r\n\r\n", bound).state, ParseState::malformed);
    EXPECT_EQ(parse_request("hello\r\n\r\n", bound).state, ParseState::malformed);
    // Known by their first byte: a TLS hello, a PostgreSQL startup packet.
    EXPECT_EQ(parse_request("\x16\x03\x01", bound).state, ParseState::malformed);
    EXPECT_EQ(parse_request(std::string_view("\0\0\0\x08", 4), bound).state, ParseState::malformed);
}

TEST(RequestParser, BoundsTheRequest) {
    const std::string endless = "GET / HTTP/1.1\r\nX: " + std::string(200, 'x');
    EXPECT_EQ(parse_request(endless, 100).state, ParseState::too_large);
    EXPECT_EQ(parse_request(endless + "\r\n\r\n", 100).state, ParseState::too_large);
    EXPECT_EQ(parse_request(endless, 1000).state, ParseState::need_more);
    EXPECT_EQ(parse_request(std::string(200, '\n'), 100).state, ParseState::too_large);
}

TEST(ResponseText, AlwaysSaysLengthCloseAndNoStore) {
    Response response;
    response.status = 206;
    response.reason = "Partial Content";
    response.body = "Standby\n";
    response.headers = {{"X-Pgsteer-Role", "standby"}};
    EXPECT_EQ(format_response(response, true),
              "HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n"
              "Connection: close\r\nCache-Control: no-store\r\nX-Pgsteer-Role: standby\r\n\r\n"
              "Standby\n");
}

TEST(ResponseText, KeepsTheLengthButNotTheBodyForHead) {
    Response response;
    response.body = "Primary\n";
    const std::string text = format_response(response, false);
    EXPECT_NE(text.find("Content-Length: 8\r\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(ResponseText, DropsControlCharactersFromHeaderValues) {
    Response response;
    response.headers = {{"X-Why", "a\r\nSet-Cookie: b"}};
    EXPECT_NE(format_response(response, true).find("X-Why: aSet-Cookie: b\r\n"), std::string::npos);
}

}  // namespace
}  // namespace pgsteer::http
