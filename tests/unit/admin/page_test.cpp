// What the page shows, in which forms, and what part of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/html.h"
#include "unit/admin/page_world.h"

namespace pgsteer::admin {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Page, HasItsFormsAfterASemicolon) {
    for (const std::string uri : {"/", "/stats", "/haproxy?stats"}) {
        config::StatsPage shown = page_at(uri);
        shown.refresh = seconds(5);
        PageWorld world(shown);
        EXPECT_THAT(world.get(uri).body, HasSubstr("<html")) << uri;
        EXPECT_THAT(world.get(uri).body, HasSubstr("http-equiv=refresh content=5")) << uri;
        EXPECT_THAT(world.get(uri + ";csv").body, StartsWith("# pxname")) << uri;
        EXPECT_THAT(world.get(uri + ";csv;norefresh").body, StartsWith("# pxname")) << uri;
        EXPECT_EQ(world.get(uri + ";json").content_type, "application/json") << uri;
        EXPECT_THAT(world.get(uri + ";norefresh").body, Not(HasSubstr("http-equiv=refresh")))
            << uri;
        EXPECT_THAT(world.get(uri + ";page.css").content_type, StartsWith("text/css")) << uri;
        EXPECT_THAT(world.get(uri + ";page.js").body, HasSubstr("EventSource")) << uri;
        EXPECT_EQ(world.get("/nothing/here").status, 404) << uri;
    }
    PageWorld world(page_at("/stats"));
    EXPECT_THAT(world.get("/metrics").body, HasSubstr("haproxy_process_nbthread"));
    EXPECT_THAT(world.get("/stats").body, Not(HasSubstr("http-equiv=refresh")));
}

TEST(Page, ShowsAHealthyStandbyAsAStandbyAndADeadOneAsDown) {
    PageWorld world(page_at("/"));
    EXPECT_THAT(world.get("/").body, HasSubstr("class=\"state t-idle\""));
    EXPECT_THAT(world.get("/").body, Not(HasSubstr("class=\"state t-bad\"")));
    for (ProxyLine& backend : world.snapshot.backends)
        backend.servers[1].view.role = health::Role::unknown;
    EXPECT_THAT(world.get("/").body, HasSubstr("class=\"state t-bad\""));
}

TEST(Page, ReadsTheClassicScriptsStatusAsARole) {
    ServerLine server = server_line("pg1", "DOWN", false);
    server.view.check_word = "L7STS";
    server.view.check_code = 206;
    EXPECT_EQ(face_of(server).state, "standby");
    EXPECT_EQ(face_of(server).tone, Tone::idle);
    server.view.check_code = 503;
    EXPECT_EQ(face_of(server).tone, Tone::bad);
}

TEST(Page, MarksAFencedNodeWithTheReason) {
    PageWorld world(page_at("/"));
    world.snapshot.backends[0].servers[1].view.state = "FENCED";
    world.snapshot.backends[0].servers[1].view.why =
        "it says primary on timeline 1, but <2> is known";
    const std::string body = world.get("/").body;
    EXPECT_THAT(body, HasSubstr("1 fenced"));
    EXPECT_THAT(body, HasSubstr("node t-fenced"));
    EXPECT_THAT(body, HasSubstr("but &lt;2&gt; is known"));
}

TEST(Page, ShowsFailoversWithTheirLengths) {
    PageWorld world(page_at("/"));
    world.snapshot.failovers.push_back(
        {"ReadWrite", {"pg0"}, {"pg1"}, TimePoint{} + seconds(60), {}, milliseconds(1210), 38});
    const std::string body = world.get("/").body;
    EXPECT_THAT(body, HasSubstr("1.21 s without a server, 38 clients waited"));
    EXPECT_THAT(body, HasSubstr("pg0 → pg1"));
}

TEST(Page, ShowsAddressesOnlyWithLegends) {
    config::StatsPage shown = page_at("/");
    EXPECT_THAT(PageWorld(shown).get("/").body, Not(HasSubstr("10.0.0.1")));
    EXPECT_THAT(PageWorld(shown).get("/;csv").body, Not(HasSubstr("10.0.0.1")));
    shown.show_legends = true;
    EXPECT_THAT(PageWorld(shown).get("/").body, HasSubstr("10.0.0.1:5432"));
}

TEST(Page, ShowsOnlySectionsOfItsScopeInAllForms) {
    config::StatsPage shown = page_at("/");
    shown.scope = {"other"};
    PageWorld world(shown);
    for (const std::string words : {"", ";csv", ";json", ";typed"}) {
        EXPECT_THAT(world.get("/" + words).body, HasSubstr("other")) << words;
        EXPECT_THAT(world.get("/" + words).body, Not(HasSubstr("ReadWrite"))) << words;
    }
}

TEST(Page, ShowsSectionsThatAreAskedForByAPartOfTheirName) {
    PageWorld world(page_at("/haproxy?stats"));
    for (const std::string ask : {";scope=oth", "=&scope=oth"}) {
        const std::string body = world.get("/haproxy?stats" + ask).body;
        EXPECT_THAT(body, HasSubstr("id=h3>other")) << ask;
        EXPECT_THAT(body, Not(HasSubstr("id=h2>ReadWrite"))) << ask;
    }
}

TEST(Page, EscapesWhateverNamesHold) {
    PageWorld world(page_at("/"));
    world.snapshot.backends[0].servers[0].view.name =
        "<script>\"'&\x01"
        "7\x02";
    const std::string body = world.get("/").body;
    EXPECT_THAT(body, Not(HasSubstr("<script>\"")));
    EXPECT_THAT(body, HasSubstr("&lt;script&gt;&quot;&#39;&amp;7"));
}

TEST(Page, LetsNothingInlineRunAndNobodyFrameIt) {
    PageWorld world(page_at("/"));
    const http::Response response = world.get("/");
    EXPECT_THAT(header(response, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
    EXPECT_THAT(header(response, "Content-Security-Policy"), Not(HasSubstr("unsafe")));
    EXPECT_EQ(header(response, "X-Frame-Options"), "DENY");
    EXPECT_THAT(response.body, Not(HasSubstr("style=\"")));
    EXPECT_THAT(response.body, Not(HasSubstr("<style")));
    EXPECT_THAT(response.body, Not(HasSubstr("onclick")));
}

TEST(Page, HidesItsVersionWhenTold) {
    config::StatsPage shown = page_at("/");
    EXPECT_THAT(PageWorld(shown).get("/").body, HasSubstr("1.2.3"));
    shown.hide_version = true;
    EXPECT_THAT(PageWorld(shown).get("/").body, Not(HasSubstr("1.2.3")));
}

TEST(Live, SendsWhatChangedSinceAndNothingElse) {
    PageWorld world(page_at("/"));
    const std::string body = world.get("/").body;
    const std::size_t at = body.find("data-version=\"") + 14;
    const std::string version = body.substr(at, body.find('"', at) - at);
    world.snapshot.backends[0].servers[0].sessions = 4711;
    const http::Response stream = world.get("/;live;seen=" + version);
    ASSERT_NE(stream.stream, nullptr);
    EXPECT_EQ(stream.content_type, "text/event-stream");
    world.get("/");  // is a look, too
    boost::asio::steady_timer timer(world.io);
    http::Broadcast::Subscriber viewer(*stream.stream, timer, stream.seen);
    world.io.run_one();  // the next look is due
    const auto text = viewer.take();
    ASSERT_NE(text, nullptr);
    EXPECT_THAT(*text, HasSubstr("event: parts"));
    EXPECT_THAT(*text, HasSubstr("<tr id=r2-1>"));
    EXPECT_THAT(*text, HasSubstr("4\u202f711"));
    EXPECT_THAT(*text, Not(HasSubstr("<tr id=r3-1>")));
    EXPECT_THAT(*text, Not(HasSubstr("the-token")));
}

TEST(Live, LetsOnlySoManyLookAtOnce) {
    PageWorld world(page_at("/"));
    std::vector<http::Response> streams;
    while (streams.size() < 100) {
        streams.push_back(world.get("/;live"));
        if (!streams.back().stream) break;
    }
    EXPECT_EQ(streams.back().status, 503);
    EXPECT_LT(streams.size(), 100U);
    streams.clear();
    EXPECT_NE(world.get("/;live").stream, nullptr) << "places are free again";
}

TEST(Ages, AreCountedByTheReaderOrWrittenOut) {
    const TimePoint now = TimePoint{} + seconds(200);
    const std::string html = "since " + age_mark(TimePoint{} + seconds(75)) + "!";
    EXPECT_EQ(complete(html, now, Ages::in_words),
              "since <span class=age data-t=\"75\">2 min 5 s</span>!");
    EXPECT_EQ(complete(html, now, Ages::bare), "since <span class=age data-t=\"75\"></span>!");
}

TEST(Numbers, ReadAsPeopleReadThem) {
    EXPECT_EQ(count_text(1234567), "1\u202f234\u202f567");
    EXPECT_EQ(bytes_text(999), "999 B");
    EXPECT_EQ(bytes_text(12'345'678), "12.3 MB");
    EXPECT_EQ(span_text(milliseconds(1210)), "1.21 s");
    EXPECT_EQ(span_text(milliseconds(38)), "38 ms");
    EXPECT_EQ(span_text(seconds(90061)), "1 d 1 h");
    EXPECT_EQ(shortened("größer", 4), "grö…");
}

}  // namespace
}  // namespace pgsteer::admin
