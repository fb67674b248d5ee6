// Who may see the page, who may change things on it, and which requests are not its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "unit/admin/page_world.h"

namespace pgsteer::admin {
namespace {

using testing::HasSubstr;
using testing::Not;
using Headers = std::vector<std::pair<std::string, std::string>>;

config::StatsPage changeable() {
    config::StatsPage page = page_at("/");
    page.admin = {constant(true)};
    return page;
}

config::Condition asks(const std::string& fetch, const std::string& argument,
                       const std::string& text = "") {
    config::Test test;
    test.sample.fetch = fetch;
    if (!argument.empty()) test.sample.arguments = {argument};
    if (!text.empty()) {
        test.match.kind = Match::Kind::equal;
        test.match.texts = {text};
    }
    config::Condition condition;
    condition.any.push_back({{false, {test}}});
    return condition;
}

http::Request with_login(const std::string& coded) {
    http::Request request = PageWorld::request("GET", "/");
    request.authorization = "Basic " + coded;
    return request;
}

TEST(StatsAuth, AsksForAPasswordInAllForms) {
    config::StatsPage shown = page_at("/");
    shown.users = {"me:secret", "you:too"};
    PageWorld world(shown);
    for (const std::string target : {"/", "/;csv", "/;live", "/;page.css", "/metrics"})
        EXPECT_EQ(world.get(target).status, 401) << target;
    EXPECT_EQ(world.post("s=pg0&action=maint&b=ReadWrite").status, 401);
    EXPECT_EQ(world.page.answer(with_login("bWU6c2VjcmV0")).status, 200);
    EXPECT_EQ(world.page.answer(with_login("bWU6c2VjcmU=")).status, 401);
    shown.metrics_path = "/metrics";
    EXPECT_EQ(PageWorld(shown).get("/metrics").status, 200) << "its own rule comes first";
}

TEST(StatsAuth, TakesAPasswordThatEndsWithinAGroupOfBase64) {
    config::StatsPage shown = page_at("/");
    shown.users = {"me:secret"};
    PageWorld world(shown);
    for (const std::string rest : {"b", "bw", "bw=", "bw==", "bwo"})
        EXPECT_EQ(world.page.answer(with_login("bWU6c2VjcmV0" + rest + "oo")).status, 401) << rest;
}

TEST(StatsHttpRequest, IsDecidedByTheFirstRuleThatHolds) {
    using Action = config::PageRule::Action;
    config::StatsPage shown = page_at("/");
    shown.rules = {{Action::allow, {}, constant(false)},
                   {Action::deny, {}, constant(true)},
                   {Action::allow, {}, constant(true)}};
    EXPECT_EQ(PageWorld(shown).get("/").status, 403);
    shown.rules.insert(shown.rules.begin(), {Action::allow, {}, constant(true)});
    EXPECT_EQ(PageWorld(shown).get("/").status, 200);
    shown.rules.insert(shown.rules.begin(), {Action::auth, "a \"realm\"", constant(true)});
    const http::Response asked = PageWorld(shown).get("/");
    EXPECT_EQ(asked.status, 401);
    EXPECT_EQ(header(asked, "WWW-Authenticate"), "Basic realm=\"a realm\"");
}

TEST(Userlist, LetsItsUsersInAndItsGroupsChange) {
    config::StatsPage shown = page_at("/");
    config::Userlist list;
    list.name = "staff";
    // "secret", by crypt's SHA-256.
    list.users = {{"joe", "secret", false, {"admin"}, {}},
                  {"ann", "$5$abc$AAAA", true, {"readonly"}, {}}};
    shown.userlists = {list};
    config::Condition stranger = asks("http_auth", "staff");
    stranger.negated = true;
    shown.rules = {{config::PageRule::Action::auth, {}, stranger}};
    shown.admin = {asks("http_auth_group", "staff", "admin")};
    PageWorld world(shown);
    EXPECT_EQ(world.get("/").status, 401);
    EXPECT_EQ(world.page.answer(with_login("am9lOndyb25n")).status, 401);           // joe:wrong
    const http::Response seen = world.page.answer(with_login("am9lOnNlY3JldA=="));  // joe:secret
    EXPECT_EQ(seen.status, 200);
    EXPECT_THAT(seen.body, HasSubstr("name=token"));
}

TEST(Passwords, ComputeOnlySoManySlowHashesASecond) {
    config::Userlist list;
    list.name = "staff";
    list.users = {{"joe", "$5$rounds=1000$abc$wrong", true, {}, {}}};
    Passwords passwords;
    const TimePoint now = TimePoint{} + seconds(10);
    // Of ten thousand guesses in one second nearly none costs anything.
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 10'000; ++i)
        EXPECT_FALSE(passwords.fit(list, {"joe", std::to_string(i)}, now));
    EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(10));
    list.users[0].password = "$5$rounds=1000$abc$Mz4DiYKTnNKbZLo/mIp3d8Y4aQBhv3uhSwxLDy55/Y8";
    EXPECT_FALSE(passwords.fit(list, {"joe", "secret"}, now));
    EXPECT_TRUE(passwords.fit(list, {"joe", "secret"}, now + seconds(1)));
}

TEST(Change, IsForAdminsAlone) {
    PageWorld world(page_at("/"));
    EXPECT_THAT(world.get("/").body, Not(HasSubstr("name=token")));
    const http::Response denied = world.post("s=pg0&action=maint&b=ReadWrite");
    EXPECT_EQ(denied.status, 303);
    EXPECT_EQ(header(denied, "Location"), "/;st=DENY");
    EXPECT_TRUE(world.orders.empty());
    EXPECT_THAT(PageWorld(changeable()).get("/").body, HasSubstr("value=\"the-token\""));
}

TEST(Change, OfAScriptIsCarriedOutAsInHaproxy) {
    PageWorld world(changeable());
    const http::Response done = world.post("s=pg0&s=pg%31&action=maint&b=%232");
    EXPECT_EQ(header(done, "Location"), "/;st=DONE");
    ASSERT_EQ(world.orders.size(), 1U);
    EXPECT_EQ(world.orders[0].servers, (std::vector<std::string>{"pg0", "pg1"}));
    EXPECT_EQ(world.orders[0].action, "maint");
    EXPECT_EQ(world.orders[0].backend, "#2");
}

TEST(Change, OfABrowserNeedsTheTokenAndTheSameOrigin) {
    const std::string order = "s=pg0&action=maint&b=ReadWrite";
    const std::string with_token = order + "&token=the-token";
    const Headers own = {{"host", "10.0.0.9:7000"}, {"origin", "http://10.0.0.9:7000"}};
    PageWorld world(changeable());
    EXPECT_EQ(world.post(order, own).status, 403) << "no token";
    EXPECT_EQ(world.post(order + "&token=another", own).status, 403);
    const std::vector<Headers> foreign = {
        {{"host", "10.0.0.9:7000"}, {"origin", "http://evil.example"}},
        {{"host", "10.0.0.9:7000"}, {"origin", "null"}},
        {{"host", "10.0.0.9:7000"}, {"origin", "http://10.0.0.9:7001"}},
        {{"host", "10.0.0.9:7000"}, {"referer", "http://evil.example/10.0.0.9:7000"}},
        {{"host", "10.0.0.9:7000"}, {"sec-fetch-site", "cross-site"}},
        {{"host", "10.0.0.9:7000"}, {"sec-fetch-site", "same-site"}},
        {{"origin", "http://10.0.0.9:7000"}},
        {{"host", "10.0.0.9:7000"}, {"cookie", "a=b"}, {"content-type", "text/plain"}}};
    for (const Headers& headers : foreign)
        EXPECT_NE(world.post(with_token, headers).status, 303) << headers.back().second;
    EXPECT_TRUE(world.orders.empty());
    EXPECT_EQ(world.post(with_token, own).status, 303);
    EXPECT_EQ(world.orders.size(), 1U);
}

TEST(Change, OfAPageWithoutPasswordIsNotTakenUnderAStrangersName) {
    PageWorld world(changeable());
    const std::string order = "s=pg0&action=maint&b=ReadWrite&token=the-token";
    const auto under = [&](const std::string& name) {
        return world.post(order, {{"host", name}, {"origin", "http://" + name}}).status;
    };
    EXPECT_EQ(under("rebound.evil.example:7000"), 403);
    EXPECT_EQ(under("localhost:7000"), 303);
    EXPECT_EQ(under("db1:7000"), 303) << "the machine's own name";
    EXPECT_EQ(under("[::1]:7000"), 303);
}

TEST(Change, ThatCannotBeTakenBackAsksPeopleFirst) {
    PageWorld world(changeable());
    const Headers own = {{"host", "10.0.0.9"}, {"origin", "http://10.0.0.9"}};
    const std::string order = "s=pg0&action=shutdown&b=ReadWrite&token=the-token";
    const http::Response asked = world.post(order, own);
    EXPECT_EQ(asked.status, 200);
    EXPECT_THAT(asked.body, HasSubstr("Cut sessions?"));
    EXPECT_TRUE(world.orders.empty());
    EXPECT_EQ(world.post(order + "&confirm=yes", own).status, 303);
    EXPECT_EQ(world.orders.size(), 1U);
    EXPECT_EQ(world.post("s=pg0&action=shutdown&b=ReadWrite").status, 303) << "a script means it";
}

TEST(Change, ReachesNoSectionOutsideTheScope) {
    config::StatsPage shown = changeable();
    shown.scope = {"other"};
    PageWorld world(shown);
    for (const std::string backend : {"ReadWrite", "%232"})
        EXPECT_EQ(header(world.post("s=pg0&action=maint&b=" + backend), "Location"), "/;st=ERRP");
    EXPECT_TRUE(world.orders.empty());
    EXPECT_EQ(header(world.post("s=pg0&action=maint&b=other"), "Location"), "/;st=DONE");
}

TEST(Page, TakesNoOtherMethod) {
    PageWorld world(changeable());
    EXPECT_EQ(world.page.answer(PageWorld::request("DELETE", "/")).status, 405);
}

TEST(Result, IsShownInWordsAndNothingElseIs) {
    PageWorld world(page_at("/"));
    EXPECT_THAT(world.get("/;st=DONE").body, HasSubstr("role=status>"));
    EXPECT_THAT(world.get("/;st=<b>").body, Not(HasSubstr("class=\"result")));
}

}  // namespace
}  // namespace pgsteer::admin
