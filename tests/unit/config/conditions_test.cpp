#include "config/conditions.h"

#include <gtest/gtest.h>

#include "config/load.h"

// Each expectation was had of `haproxy -cc` 2.6.12 (Debian 12, OpenSSL 3.0).
namespace pgsteer::config {
namespace {

std::optional<std::string> environment(const std::string& name) {
    if (name == "EMPTY") return "";
    if (name == "HOME") return "/root";
    return std::nullopt;
}

// As the exit status of -cc: 0 true, 1 false, 2 not understood.
int status(std::string_view condition) {
    const auto value = command_line_condition_holds(condition, environment);
    return !value ? 2 : *value ? 0 : 1;
}

struct Row {
    std::string_view condition;
    int status;
};

class Condition : public testing::TestWithParam<Row> {};

TEST_P(Condition, HoldsAsInHaproxy) {
    EXPECT_EQ(status(GetParam().condition), GetParam().status) << GetParam().condition;
}

constexpr Row numbers[] = {
    {"", 1},   {"  1  ", 0}, {"0", 1},   {"2", 0},     {"010", 0},   {"0x0", 1},  {"-1", 0},
    {"+1", 0}, {"true", 2},  {"1 1", 2}, {"12abc", 2}, {"1 # c", 2}, {"1 &&", 2}, {"&& 1", 2},
};
constexpr Row joined[] = {
    {"!!1", 0},
    {"! streq(a,b)", 0},
    {"!(!1)", 0},
    {"1 && 0 || 1", 0},
    {"0 && 1 || 1", 0},
    {"1 || 0 && 0", 0},
    {"(1 || 0) && 0", 1},
    {"((((1))))", 0},
    {"(1", 2},
    {"1)", 2},
    {"()", 2},
};
constexpr Row predicates[] = {
    {"defined(HOME)", 0},
    {"defined(EMPTY)", 0},
    {"defined(NOBODY)", 1},
    {"defined()", 1},
    {"defined", 1},
    {"defined(A,B)", 2},
    {"defined(HOME", 2},
    {"nope(1)", 2},
    {"streq(a,a)", 0},
    {"streq(a, a)", 1},
    {"streq(\"a\", \"a\")", 1},
    {"streq(,)", 0},
    {"streq(a)", 2},
    {"streq(a,b,c)", 2},
    {"streq(\"a b\",a\\ b)", 0},
    {"streq(\"$HOME\",/root)", 0},
    {"streq(${HOME},/root)", 1},
    {"strneq(a,b)", 0},
    {"feature(OPENSSL)", 0},
    {"feature(openssl)", 1},
    {"feature(THREAD)", 0},
    {"feature(QUIC)", 1},
    {"ssllib_name_startswith(OpenSSL)", 0},
};
constexpr Row versions[] = {
    {"version_atleast(2.6)", 0},
    {"version_atleast(2.6.12)", 0},
    {"version_atleast(2.6.13)", 1},
    {"version_atleast(2.6.12-2)", 1},
    {"version_atleast(2.4-dev19)", 0},
    {"version_atleast(x)", 0},
    {"version_before(2.7-dev1)", 0},
    {"version_before(2.6.13-dev1)", 0},
    {"version_before(2.6)", 1},
    {"openssl_version_atleast(1.1.1)", 0},
    {"openssl_version_atleast(1.1.1k)", 0},
    {"openssl_version_atleast(3.0.0-beta1)", 0},
    {"openssl_version_before(4.0.0)", 0},
    {"openssl_version_before(3.0.0)", 1},
    {"openssl_version_atleast(zz)", 2},
};
INSTANTIATE_TEST_SUITE_P(Numbers, Condition, testing::ValuesIn(numbers));
INSTANTIATE_TEST_SUITE_P(Joined, Condition, testing::ValuesIn(joined));
INSTANTIATE_TEST_SUITE_P(Predicates, Condition, testing::ValuesIn(predicates));
INSTANTIATE_TEST_SUITE_P(Versions, Condition, testing::ValuesIn(versions));

TEST(Conditions, StopAtTooManyParentheses) {
    EXPECT_EQ(status(std::string(900, '(') + "1" + std::string(900, ')')), 0);
    EXPECT_EQ(status(std::string(5'000, '(') + "1" + std::string(5'000, ')')), 2);
    EXPECT_EQ(status(std::string(5'000, '!') + "1"), 0);
}

// What is said of lines; a text that opens no listener is told so, too.
std::vector<std::string> said(const std::string& text) {
    std::vector<std::string> lines;
    const Loaded loaded = load_text(text, "t.cfg", environment);
    for (const auto& diagnostic : loaded.diagnostics)
        if (diagnostic.at.file) lines.push_back(diagnostic.line());
    return lines;
}
using Lines = std::vector<std::string>;

TEST(Blocks, TakeTheFirstBranchThatHolds) {
    const std::string text =
        ".if 0\n.notice a\n.elif 1\n.notice b\n.elif 1\n.notice c\n.else\n.notice d\n.endif\n";
    EXPECT_EQ(said(text), Lines{"[t.cfg:4] 'b'"});
    EXPECT_EQ(said(".if 0\n.if 1\n.notice a\n.endif\n.else\n.notice b\n.endif\n"),
              Lines{"[t.cfg:6] 'b'"});
    EXPECT_EQ(said(".if\n.alert a\n.endif\n.if 0\n.if nonsense\n.endif\n.endif\n"), Lines{});
}

TEST(Blocks, TellWhatStandsWrong) {
    EXPECT_EQ(said(".else\n"), Lines{"[t.cfg:1] lone '.else' with no matching '.if'"});
    EXPECT_EQ(said(".if 1\n.else\n.elif 1\n.endif\n"),
              Lines{"[t.cfg:3] '.elif' after '.else' is not permitted"});
    EXPECT_EQ(said(".if 1\n.endif x\n"), Lines{"[t.cfg:2] unexpected argument 'x' for '.endif'"});
    EXPECT_EQ(said(".notce x\n"),
              Lines{"[t.cfg:1] unknown directive '.notce'; did you mean '.notice'?"});
    EXPECT_EQ(said(".notice a b\n"),
              Lines{"[t.cfg:1] unexpected argument 'b' for '.notice'; use quotes if the message "
                    "should contain spaces"});
    EXPECT_EQ(said(".if nope\n.alert a\n.else\n.alert b\n.endif\n"),
              Lines{"[t.cfg:1] unparsable conditional expression 'nope' in '.if'"});
    EXPECT_EQ(said(".if 1\n"),
              Lines{"[t.cfg:1] missing '.endif' for 1 '.if' above the end of the file"});
}

std::string nested(int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i)
        text += ".if 1\n";
    for (int i = 0; i < depth; ++i)
        text += ".endif\n";
    return text;
}

TEST(Blocks, NestAsDeeplyAsInHaproxy) {
    EXPECT_EQ(said(nested(99)), Lines{});
    EXPECT_EQ(said(nested(100)), Lines{"[t.cfg:100] too many nested '.if', at most 99"});
}

TEST(Blocks, KnowWhereTheyStand) {
    EXPECT_EQ(said(".notice \"${.FILE}:${.LINE} $.LINE '${.SECTION}'\"\n"),
              Lines{"[t.cfg:1] 't.cfg:1 1 '''"});
    EXPECT_EQ(said("global\n.notice \"${.SECTION}\"\n"), Lines{"[t.cfg:2] 'global'"});
    EXPECT_EQ(said("global\n localpeer a\n.notice \"$HAPROXY_LOCALPEER\"\n"),
              Lines{"[t.cfg:3] 'a'"});
}

}  // namespace
}  // namespace pgsteer::config
