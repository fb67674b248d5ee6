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

TEST(Words, SayWhatIsNotClosed) {
    EXPECT_THAT(error_of("a 'b"), HasSubstr("single quote"));
    EXPECT_THAT(error_of("a \"b"), HasSubstr("double quote"));
    EXPECT_THAT(error_of("\"${PORT"), HasSubstr("'}'"));
    EXPECT_THAT(error_of("\\xZ1"), HasSubstr("hexadecimal"));
}

}  // namespace
}  // namespace pgsteer::config
