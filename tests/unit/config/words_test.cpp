#include "config/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsteer::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::optional<std::string> environment(const std::string& name) {
    if (name == "PORT") return "5000";
    if (name == "TWO") return "a b";
    return std::nullopt;
}

std::vector<std::string> split(std::string_view line) {
    auto words = split_words(line, environment);
    if (words) return *words;
    ADD_FAILURE() << words.error().text;
    return {};
}

std::string error_of(std::string_view line) {
    auto words = split_words(line, environment);
    return words ? "no error" : words.error().text;
}

TEST(Words, AreSeparatedByBlanksAndTabs) {
    EXPECT_THAT(split("  server\tpg0   pg0:5432 \r"), ElementsAre("server", "pg0", "pg0:5432"));
}

TEST(Words, EndAtAnUnquotedHash) {
    EXPECT_THAT(split("# all of it"), IsEmpty());
    EXPECT_THAT(split("mode tcp# the rest"), ElementsAre("mode", "tcp"));
    EXPECT_THAT(split("a '#' \"#\" \\#"), ElementsAre("a", "#", "#", "#"));
}

TEST(Words, KeepEscapedBlanksTogether) {
    EXPECT_THAT(split("Host:\\ www\\r\\n\\x41"), ElementsAre("Host: www\r\nA"));
}

TEST(Words, LeaveUnknownEscapesForRegularExpressions) {
    EXPECT_THAT(split("^2\\d\\.$"), ElementsAre("^2\\d\\.$"));
}

TEST(Words, TakeSingleQuotesLiterally) {
    EXPECT_THAT(split("'a \\ \"$PORT\"' b"), ElementsAre("a \\ \"$PORT\"", "b"));
}

TEST(Words, MayBeEmptyWhenQuoted) {
    EXPECT_THAT(split("'' \"\""), ElementsAre("", ""));
}

TEST(Words, ExpandVariablesInsideDoubleQuotesOnly) {
    EXPECT_THAT(split("\"*:${PORT}\" \"$PORT.\" ${PORT}"),
                ElementsAre("*:5000", "5000.", "${PORT}"));
}

TEST(Words, DoNotSplitAVariablesValue) {
    EXPECT_THAT(split("\"$TWO\""), ElementsAre("a b"));
}

TEST(Words, UseTheDefaultOfAnUnsetVariable) {
    EXPECT_THAT(split("\"${NONE-7}\" \"${PORT-7}\" \"x${NONE}\""), ElementsAre("7", "5000", "x"));
}

TEST(Words, AreAsManyAsAVariableHasWhenItSaysSo) {
    EXPECT_THAT(split("a \"x${TWO[*]}y\""), ElementsAre("a", "xa", "by"));
}

// Wordings and positions are those of HAProxy 2.6.12 on the same lines.
TEST(Words, AreRefusedInHaproxysWords) {
    EXPECT_EQ(error_of(".notice 'a b"), "unmatched quote at position 9");
    EXPECT_EQ(error_of(".notice \"a b"), "unmatched quote at position 9");
    EXPECT_EQ(error_of(".notice \"${X"),
              "unmatched brace in environment variable name at position 11");
    EXPECT_EQ(error_of(".notice \"${X def}\""),
              "unmatched brace in environment variable name at position 11");
    EXPECT_EQ(error_of(".notice \"$ a\""),
              "forbidden first char in environment variable name at position 11");
    EXPECT_EQ(error_of(".notice \"${9a}\""),
              "forbidden first char in environment variable name at position 12");
    EXPECT_EQ(error_of(".notice \\x4"), "truncated or invalid hexadecimal sequence at position 9");
}

TEST(Words, MayHoldNoNulByte) {
    EXPECT_THAT(error_of("a\\x00b"), HasSubstr("hexadecimal"));
    EXPECT_THAT(error_of(std::string_view("a\0b", 3)), HasSubstr("NUL"));
}

TEST(Words, AreSixtyFourAtMost) {
    std::string line;
    for (int i = 0; i < 64; ++i)
        line += "w ";
    EXPECT_EQ(split(line).size(), 64U);
    EXPECT_THAT(error_of(line + "w"), HasSubstr("too many words"));
}

TEST(Words, OfAnAddressExpandVariablesWithoutQuotes) {
    EXPECT_EQ(expand_variables("*:${PORT},:$PORT", environment), "*:5000,:5000");
    EXPECT_EQ(expand_variables("fd@${NONE}", environment), "fd@");
    EXPECT_EQ(expand_variables("${PORT", environment), "${PORT");
    EXPECT_EQ(expand_variables("a$", environment), "a$");
    EXPECT_EQ(expand_variables("${}", environment), "${}");
}

}  // namespace
}  // namespace pgsteer::config
