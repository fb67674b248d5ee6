#include "base/pattern.h"

#include <gtest/gtest.h>

namespace pgsteer {
namespace {

bool found(const char* expression, std::string_view text) {
    return Pattern::compile(expression)->found_in(text).value();
}

TEST(Pattern, FindsWhatStandsBehindAByteOfZero) {
    EXPECT_TRUE(found("end$", std::string_view("a\0end", 5)));
    EXPECT_FALSE(found("end$", std::string_view("end\0a", 5)));
}

TEST(Pattern, SpeaksHaproxysDialect) {
    EXPECT_TRUE(found("^2\\d\\d$", "206"));
    EXPECT_FALSE(found("^2\\d\\d$", "2d6"));
    EXPECT_TRUE(found("(?i)primary", "role: PRIMARY"));
}

TEST(Pattern, SaysWhichExpressionIsWrong) {
    const auto pattern = Pattern::compile("a(b");
    ASSERT_FALSE(pattern);
    EXPECT_NE(pattern.error().text.find("missing closing parenthesis in 'a(b'"), std::string::npos);
}

TEST(Pattern, RefusesExpressionsThatWouldTakeMuchMemory) {
    EXPECT_FALSE(Pattern::compile("((a{60000}){60000}){60000}"));
    EXPECT_FALSE(Pattern::compile(std::string(5'000, 'a')));
    EXPECT_FALSE(Pattern::compile(std::string(900, '(')));
}

// The probe reads no more than 16 KiB of an answer.
TEST(Pattern, GivesUpOnAnAnswerMadeToKeepItBusy) {
    const auto pattern = Pattern::compile("^(a+)+$");
    EXPECT_EQ(pattern->found_in(std::string(16 * 1024, 'a') + "b"), std::nullopt);
    EXPECT_EQ(pattern->found_in("aaa"), true);
}

}  // namespace
}  // namespace pgsteer
