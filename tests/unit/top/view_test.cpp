#include "top/view.h"

#include <gtest/gtest.h>

#include "unit/top/sample.h"

namespace pgsteer::top {
namespace {

// Words of keys: "down", "enter" ..., else letters one after the other.
Effect type(View& view, const Picture& picture, const std::vector<std::string>& words) {
    Effect last;
    for (const std::string& word : words) {
        using Kind = Key::Kind;
        const Kind kind = word == "down"    ? Kind::down
                          : word == "up"    ? Kind::up
                          : word == "end"   ? Kind::end
                          : word == "enter" ? Kind::enter
                          : word == "esc"   ? Kind::escape
                          : word == "erase" ? Kind::backspace
                          : word == "tab"   ? Kind::tab
                                            : Kind::letter;
        if (kind != Kind::letter)
            last = press(view, picture, {kind});
        else
            for (const char letter : word)
                last = press(view, picture, {kind, letter});
    }
    return last;
}

TEST(Keys, QQuitsAndOtherLettersDoNot) {
    View view;
    EXPECT_TRUE(type(view, sample(), {"q"}).quit);
    for (const char* letter : {"s", "p", "x", "h"})
        EXPECT_FALSE(type(view, sample(), {letter}).quit) << letter;
}

TEST(Keys, DrainAsksFirstAndGivesTheOrderOnYes) {
    View view;
    const Picture picture = sample();
    EXPECT_FALSE(type(view, picture, {"down", "down", "d"}).order);
    EXPECT_EQ(view.mode, Mode::confirming);
    const auto effect = type(view, picture, {"y"});
    ASSERT_TRUE(effect.order);
    EXPECT_EQ(effect.order->commands, "set server ReadWrite/pg0 state drain");
    EXPECT_EQ(view.mode, Mode::looking);
}

TEST(Keys, AnythingButYesLeavesTheServerAlone) {
    for (const char* answer : {"n", "enter", "esc", "d", "q"}) {
        View view;
        const auto effect = type(view, sample(), {"down", "down", "c", answer});
        EXPECT_FALSE(effect.order) << answer;
        EXPECT_FALSE(effect.quit) << answer;
        EXPECT_NE(view.message.find("not done"), std::string::npos);
    }
}

TEST(Keys, AnActOnANodeIsForAllItsServers) {
    View view;
    const auto effect = type(view, sample(), {"down", "m", "y"});
    ASSERT_TRUE(effect.order);
    EXPECT_EQ(effect.order->commands,
              "set server ReadWrite/pg1 state maint;set server ReadOnly/pg1 state maint");
}

TEST(Keys, ReadyIsDoneAtOnce) {
    View view;
    const auto effect = type(view, sample(), {"end", "r"});
    ASSERT_TRUE(effect.order);
    EXPECT_EQ(effect.order->commands, "set server ReadOnly/pg1 state ready");
}

TEST(Keys, AWeightIsTypedInDigitsAndPercents) {
    View view;
    const Picture picture = sample();
    type(view, picture, {"down", "down", "w"});
    EXPECT_EQ(view.mode, Mode::weighing);
    const auto effect = type(view, picture, {"5x0;", "7", "erase", "%", "enter"});
    ASSERT_TRUE(effect.order);
    EXPECT_EQ(effect.order->commands, "set server ReadWrite/pg0 weight 50%");
    EXPECT_FALSE(type(view, picture, {"w", "enter"}).order);
    EXPECT_FALSE(type(view, picture, {"w", "1", "esc"}).order);
}

TEST(Keys, ASocketThatMayNotActSaysSoAndGivesNoOrder) {
    Answers parts;
    parts.level = "operator";
    for (const char* key : {"d", "m", "r", "c", "w"}) {
        View view;
        EXPECT_FALSE(type(view, sample(parts), {key}).order);
        EXPECT_EQ(view.mode, Mode::looking);
        EXPECT_NE(view.message.find("'operator'"), std::string::npos) << key;
        EXPECT_TRUE(view.message_is_bad);
    }
}

TEST(Keys, NothingIsOrderedWhileTheRouterIsAway) {
    View view;
    view.away = "cannot connect";
    EXPECT_FALSE(type(view, sample(), {"r"}).order);
    EXPECT_EQ(view.message, "the router is away");
}

TEST(Keys, CutOnTheSessionsPageEndsThatSessionOnly) {
    View view;
    const Picture picture = sample();
    const auto effect = type(view, picture, {"tab", "down", "c", "y"});
    ASSERT_TRUE(effect.order);
    EXPECT_EQ(effect.order->commands, "shutdown session 0x2");
    EXPECT_FALSE(type(view, picture, {"d"}).order);
    EXPECT_NE(view.message.find("for servers"), std::string::npos);
}

TEST(Keys, WhatWasSelectedAndHasGoneIsNotReplacedByAnother) {
    View view;
    Picture picture = sample();
    type(view, picture, {"tab", "down"});
    picture.lines.pop_back();
    EXPECT_FALSE(type(view, picture, {"c", "y"}).order);
    EXPECT_TRUE(type(view, picture, {"c", "y"}).order) << "then the first is, as the screen shows";
}

TEST(Keys, BlanksAndSemicolonsInANameDoNotPartCommands) {
    Answers parts;
    parts.stat = "# pxname,svname,status\na b,x;quit,UP\n";
    View view;
    const auto effect = type(view, sample(parts), {"end", "r"});
    ASSERT_TRUE(effect.order);
    EXPECT_EQ(effect.order->commands, "set server a\\ b/x\\;quit state ready");
}

TEST(Filter, KeepsWhatHoldsTheWordAndEscTakesItAway) {
    View view;
    const Picture picture = sample();
    type(view, picture, {"/", "PG1", "enter"});
    EXPECT_EQ(items_of(picture, view).size(), 3U);  // a node and two servers
    type(view, picture, {"esc"});
    EXPECT_EQ(items_of(picture, view).size(), 6U);
}

TEST(Filter, TakesLettersThatAreKeysElsewhere) {
    View view;
    EXPECT_FALSE(type(view, sample(), {"/", "q"}).quit);
    EXPECT_EQ(view.filter, "q");
}

TEST(Sort, GoesThroughTheColumnsAndCanBeReversed) {
    View view;
    const Picture picture = sample();
    type(view, picture, {"tab"});
    EXPECT_EQ(picture.lines[items_of(picture, view).front().index].id, "0x1");  // the oldest
    type(view, picture, {"i"});
    EXPECT_EQ(picture.lines[items_of(picture, view).front().index].id, "0x2");
    type(view, picture, {"i", "s", "s"});
    EXPECT_EQ(picture.lines[items_of(picture, view).front().index].client, "10.9.9.8:4712");
    for (std::size_t i = 2; i < sort_names(Page::sessions).size(); ++i)
        type(view, picture, {"s"});
    EXPECT_EQ(view.sort_sessions, 0U);
}

TEST(Answer, OfAnOrderIsToldWhenItIsAnError) {
    View view;
    const Order order{"set server a/b weight 999", "weight of a/b: 999", ""};
    tell(view, order, "Absolute weight can only be between 0 and 256 inclusive.\n\n");
    EXPECT_TRUE(view.message_is_bad);
    EXPECT_NE(view.message.find("between 0 and 256"), std::string::npos);
    tell(view, order, "\n\n");
    EXPECT_EQ(view.message, "weight of a/b: 999: done");
    EXPECT_FALSE(view.message_is_bad);
}

}  // namespace
}  // namespace pgsteer::top
