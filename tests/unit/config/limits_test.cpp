// Bounds and garbage: no text crashes or hangs the reader, or makes it keep without limit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/conditions.h"
#include "config/dump.h"
#include "config/load.h"

namespace pgsteer::config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> alerts(const std::string& text) {
    std::vector<std::string> lines;
    for (const auto& diagnostic : load_text(text, "t.cfg", {}).diagnostics)
        if (diagnostic.severity == Severity::alert) lines.push_back(diagnostic.line());
    return lines;
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

TEST(Limits, StopListingMistakesAtAThousand) {
    const auto lines = alerts(repeated("foo\n", 5'000));
    EXPECT_THAT(lines, SizeIs(1'001));
    EXPECT_THAT(lines.back(), HasSubstr("too many mistakes"));
}

TEST(Limits, RefuseLinesThatNobodyWrites) {
    EXPECT_THAT(alerts(std::string(70'000, 'a') + "\n").at(0), HasSubstr("line too long"));
}

TEST(Limits, BoundTheAddressesToListenOn) {
    const auto lines = alerts("listen x\n" + repeated(" bind :1-65535,:1-65535\n", 40));
    EXPECT_THAT(lines, testing::Contains(HasSubstr("more than 100000 addresses")));
}

TEST(Limits, KeepStrangersBytesOffTheTerminal) {
    EXPECT_THAT(alerts("fo\x1b[31mo\n").at(0), HasSubstr("'fo?[31mo'"));
}

TEST(Limits, RefuseRegularExpressionsThatWouldFillTheMemory) {
    const std::string around = "listen x\n option httpchk\n http-check expect rstring ";
    EXPECT_THAT(alerts(around + "((a{60000}){60000}){60000}\n").at(0), HasSubstr("too large"));
    EXPECT_THAT(alerts(around + repeated("(", 900) + "\n").at(0), HasSubstr("nested"));
    EXPECT_THAT(alerts(around + "(\n").at(0), HasSubstr("no regular expression"));
    EXPECT_THAT(alerts(around + "^2\\d\\d$\n"), IsEmpty());
}

TEST(Limits, LetThreadsBeAsManyAsTheRelayHolds) {
    EXPECT_THAT(alerts("global\n nbthread 65\nlisten x\n"), SizeIs(1));
    EXPECT_THAT(alerts("global\n nbthread 64\nlisten x\n"), IsEmpty());
}

TEST(Limits, FindNoFaultInAnyPrefixOfAFile) {
    const std::string text =
        "global\n log stdout len 90 local0\ndefaults d\n .if defined(X)\nlisten x from d\n"
        " bind \"${A-:1}\",[::]:2-4 mode 7 v4v6\n server a ${B}:1 check inter 2s\n"
        " http-check expect ! rstatus '^[0-9]{3}'\n stats auth a:b\n.endif\n";
    for (std::size_t length = 0; length <= text.size(); ++length) {
        const Loaded loaded = load_text(text.substr(0, length), "t.cfg", {});
        EXPECT_FALSE(dump(loaded.config).empty());
        for (const auto& diagnostic : loaded.diagnostics)
            EXPECT_LE(diagnostic.at.line, 10U);
    }
}

bool condition(std::string_view text) {
    const auto value = holds(text, [](const std::string& name) {
        return name == "SET" ? std::optional<std::string>("") : std::nullopt;
    });
    EXPECT_TRUE(value) << text;
    return value && *value;
}

TEST(Conditions, HoldAsInHaproxy) {
    EXPECT_FALSE(condition(""));
    EXPECT_FALSE(condition("0"));
    EXPECT_TRUE(condition("10"));
    EXPECT_TRUE(condition("defined(SET) && !defined(UNSET)"));
    EXPECT_TRUE(condition("streq(a,a) || strneq(a,a)"));
    EXPECT_TRUE(condition("version_atleast(2.4-dev19) && version_before(2.7)"));
    EXPECT_FALSE(condition("feature(QUIC)"));
    EXPECT_TRUE(condition("1 || 0 && 0"));
    EXPECT_FALSE(condition("(1 || 0) && 0"));
}

TEST(Conditions, SayWhatTheyCannotRead) {
    for (const auto& text : std::vector<std::string>{"(", "defined(", "streq(a)", "foo(1)", "1 1",
                                                     "&&", "!", repeated("(", 5'000)})
        EXPECT_FALSE(holds(text, {})) << text;
}

}  // namespace
}  // namespace pgsteer::config
