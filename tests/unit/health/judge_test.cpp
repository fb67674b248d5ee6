#include "health/judge.h"

#include <gtest/gtest.h>

#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

using Kind = config::Expect::Kind;

struct ExpectRow {
    std::vector<config::Expect> expects;
    HttpAnswer answer;
    const char* word;
};

TEST(Judge, HoldsAnAnswerAgainstEachKindOfExpectation) {
    const std::vector<ExpectRow> rows{
        {{}, answer(199), "L7STS"},
        {{}, answer(200), "L7OK"},
        {{}, answer(399), "L7OK"},
        {{}, answer(400), "L7STS"},
        {{expect(Kind::status, "200")}, answer(200), "L7OK"},
        {{expect(Kind::status, "200")}, answer(206), "L7STS"},
        {{expect(Kind::status, "200-204,206")}, answer(204), "L7OK"},
        {{expect(Kind::status, "200-204,206")}, answer(205), "L7STS"},
        {{expect(Kind::status, "200-204,206")}, answer(206), "L7OK"},
        {{expect(Kind::status, "206", true)}, answer(206), "L7STS"},
        {{expect(Kind::status, "206", true)}, answer(503), "L7OK"},
        {{expect(Kind::string, "Primary")}, answer(503, "", "x Primary y"), "L7OK"},
        {{expect(Kind::string, "Primary")}, answer(200, "", "primary"), "L7RSP"},
        {{expect(Kind::string, "Standby", true)}, answer(200, "", "Standby"), "L7RSP"},
        {{expect(Kind::string, "Standby", true)}, answer(200, "", "Primary"), "L7OK"},
        {{expect(Kind::rstatus, "^20[03]$")}, answer(203), "L7OK"},
        {{expect(Kind::rstatus, "^20[03]$")}, answer(206), "L7STS"},
        {{expect(Kind::rstatus, "^5", true)}, answer(503), "L7STS"},
        {{expect(Kind::rstring, "role.*(primary|leader)")},
         answer(200, "", "\"role\":\"leader\""),
         "L7OK"},
        {{expect(Kind::rstring, "role.*(primary|leader)")}, answer(200, "", "leader"), "L7RSP"},
        {{expect(Kind::rstring, "^a+$", true)}, answer(200, "", "aaa"), "L7RSP"},
        {{expect(Kind::rstring, "^a+$", true)}, answer(200, "", "aba"), "L7OK"},
        {{expect(Kind::string, "x")}, answer(200), "L7RSP"},
        {{expect(Kind::string, "x", true)}, answer(200), "L7RSP"},  // no body: neither
        {{expect(Kind::status, "200"), expect(Kind::string, "ok")}, answer(200, "", "ok"), "L7OK"},
        {{expect(Kind::status, "200"), expect(Kind::string, "ok")}, answer(206, "", "ok"), "L7STS"},
        {{expect(Kind::status, "200"), expect(Kind::string, "ok")}, answer(200, "", "no"), "L7RSP"},
        // An expression that cannot be used never makes a server fit.
        {{expect(Kind::rstring, "(")}, answer(200, "", "("), "L7RSP"},
        {{expect(Kind::rstring, "(", true)}, answer(200, "", "("), "L7RSP"},
        {{expect(Kind::rstatus, "[", true)}, answer(200), "L7STS"},
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        config::Check check = http_check(rows[i].expects);
        // What resolve adds when the file has none.
        if (rows[i].expects.empty()) check.steps.emplace_back(expect(Kind::status, "200-399"));
        const Judgement judgement = Judge(check).judge({{}, {}, rows[i].answer});
        EXPECT_EQ(judgement.word, rows[i].word) << "row " << i;
        EXPECT_EQ(judgement.passed, judgement.word == "L7OK") << "row " << i;
    }
}

TEST(Judge, GivesEachFailureHaproxysTwoNames) {
    const std::vector<std::tuple<FailureKind, std::string, std::string>> rows{
        {FailureKind::connect, "L4CON", "Layer4 connection problem"},
        {FailureKind::connect_timeout, "L4TOUT", "Layer4 timeout"},
        {FailureKind::answer_timeout, "L7TOUT", "Layer7 timeout"},
        {FailureKind::bad_answer, "L7RSP", "Layer7 invalid response"},
        {FailureKind::internal, "SOCKERR", "Socket error"},
    };
    const Judge judge{config::Check{}};
    for (const auto& [kind, word, words] : rows) {
        const Judgement judgement = judge.judge({{}, {}, Failure{kind, "why"}});
        EXPECT_FALSE(judgement.passed);
        EXPECT_EQ(judgement.word, word);
        EXPECT_EQ(judgement.words, words);
        EXPECT_EQ(judgement.info, "why");
        EXPECT_EQ(judgement.code, 0);
        EXPECT_EQ(judgement.role, Role::unknown);
    }
}

TEST(Judge, PassesAConnectionWhenThatWasTheQuestion) {
    const Judgement judgement = Judge(config::Check{}).judge({{}, {}, Connected{}});
    EXPECT_TRUE(judgement.passed);
    EXPECT_EQ(judgement.word, "L4OK");
    EXPECT_EQ(judgement.words, "Layer4 check passed");
}

TEST(Judge, TellsTheRoleOfANodeThatIsNotFitToo) {
    const config::Check check = http_check({expect(Kind::status, "200")});
    const Judgement judgement = Judge(check).judge({{}, {}, answer(206, "Standby")});
    EXPECT_FALSE(judgement.passed);
    EXPECT_EQ(judgement.role, Role::standby);
    EXPECT_EQ(judgement.code, 206);
    EXPECT_EQ(judgement.info, "Standby");
}

TEST(Judge, CallsAnAnswerUnfitThatTakesTooLongToSearch) {
    for (const bool negate : {false, true}) {
        const config::Check check = http_check({expect(Kind::rstring, "^(a+)+$", negate)});
        const std::string body = std::string(60, 'a') + "b";
        EXPECT_FALSE(Judge(check).judge({{}, {}, answer(200, "", body)}).passed);
    }
}

}  // namespace
}  // namespace pgsteer::health
