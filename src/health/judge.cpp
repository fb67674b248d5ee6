#include "health/judge.h"

#include <map>

#include "base/log.h"
#include "base/units.h"

namespace pgsteer::health {
namespace {

// "200", "200-299,301": numbers and ranges.
bool status_matches(std::string_view pattern, int status) {
    while (!pattern.empty()) {
        const std::size_t comma = pattern.find(',');
        const std::string_view part = pattern.substr(0, comma);
        const std::size_t dash = part.find('-');
        const auto low = parse_integer(part.substr(0, dash), 0, 999);
        const auto high = dash == part.npos ? low : parse_integer(part.substr(dash + 1), 0, 999);
        if (low && high && status >= *low && status <= *high) return true;
        if (comma == pattern.npos) break;
        pattern.remove_prefix(comma + 1);
    }
    return false;
}

bool about_status(const config::Expect& expect) {
    return expect.kind == config::Expect::Kind::status ||
           expect.kind == config::Expect::Kind::rstatus;
}

Judgement judge_failure(const Failure& failure) {
    Judgement judgement;
    judgement.info = failure.text;
    switch (failure.kind) {
        case FailureKind::connect:
            judgement.word = "L4CON";
            judgement.words = "Layer4 connection problem";
            break;
        case FailureKind::connect_timeout:
            judgement.word = "L4TOUT";
            judgement.words = "Layer4 timeout";
            break;
        case FailureKind::answer_timeout:
            judgement.word = "L7TOUT";
            judgement.words = "Layer7 timeout";
            break;
        case FailureKind::bad_answer:
            judgement.word = "L7RSP";
            judgement.words = "Layer7 invalid response";
            break;
        case FailureKind::internal:
            judgement.word = "SOCKERR";
            judgement.words = "Socket error";
            break;
    }
    return judgement;
}

}  // namespace

Judge::Judge(const config::Check& check) : expected_role_(check.role.expect) {
    using Kind = config::Expect::Kind;
    for (const config::Expect& expect : check.expects) {
        Rule rule{expect, std::nullopt};
        if (expect.kind == Kind::rstatus || expect.kind == Kind::rstring) {
            auto pattern = Pattern::compile(expect.pattern);
            if (pattern)
                rule.pattern = std::move(*pattern);
            else
                log::alert("[{}] {}", expect.at.text(), pattern.error().text);
        }
        rules_.push_back(std::move(rule));
    }
}

Judgement Judge::judge(const Observation& observation) const {
    if (const auto* failure = std::get_if<Failure>(&observation.outcome))
        return judge_failure(*failure);
    if (const auto* answer = std::get_if<HttpAnswer>(&observation.outcome))
        return judge_answer(*answer);
    if (const auto* answer = std::get_if<RoleAnswer>(&observation.outcome))
        return judge_node(answer->node);
    Judgement judgement;
    judgement.passed = true;
    judgement.word = "L4OK";
    judgement.words = "Layer4 check passed";
    return judgement;
}

Judgement Judge::judge_node(const NodeState& node) const {
    using Expect = config::RoleCheck::Expect;
    static const std::map<Doubt, FailureKind> failures{{Doubt::gone, FailureKind::connect},
                                                       {Doubt::silent, FailureKind::answer_timeout},
                                                       {Doubt::refused, FailureKind::bad_answer}};
    Judgement judgement;
    if (node.role == Role::unknown) {
        const auto kind = failures.find(node.doubt);
        judgement = judge_failure(
            {kind == failures.end() ? FailureKind::internal : kind->second, node.reason});
    } else {
        judgement.passed = expected_role_ == Expect::any ||
                           (expected_role_ == Expect::primary) == (node.role == Role::primary);
        judgement.word = judgement.passed ? "L7OK" : "L7STS";
        judgement.words = judgement.passed ? "Layer7 check passed" : "Layer7 wrong status";
        judgement.info = word(node.role);
    }
    judgement.role = node.role;
    judgement.node = node;
    return judgement;
}

Judgement Judge::judge_answer(const HttpAnswer& answer) const {
    Judgement judgement;
    judgement.code = answer.status;
    judgement.info = answer.reason;
    judgement.role = answer.role;
    judgement.node = answer.node;
    judgement.passed = true;
    judgement.word = "L7OK";
    judgement.words = "Layer7 check passed";
    const auto fail_by_status = [&] {
        judgement.passed = false;
        judgement.word = "L7STS";
        judgement.words = "Layer7 wrong status";
    };
    // HAProxy does not tell the status when the content was wrong.
    const auto fail_by_content = [&](std::string why) {
        judgement.passed = false;
        judgement.word = "L7RSP";
        judgement.words = "Layer7 invalid response";
        judgement.code = 0;
        judgement.info = std::move(why);
    };
    if (rules_.empty() && (answer.status < 200 || answer.status > 399)) fail_by_status();
    for (const Rule& rule : rules_) {
        const bool by_status = about_status(rule.expect);
        // Nothing to look at satisfies neither a rule nor its negation, as in HAProxy; nor does an
        // expression that cannot be used or takes too long.
        if (!by_status && answer.body.empty())
            fail_by_content("HTTP content check could not find a response body");
        else if (matches(rule, answer) != rule.expect.negate)
            continue;
        else if (by_status)
            fail_by_status();
        else
            fail_by_content(rule.expect.negate ? "HTTP check matched unwanted content"
                                               : "HTTP content check did not match");
        break;
    }
    return judgement;
}

bool Judge::matches(const Rule& rule, const HttpAnswer& answer) {
    const bool when_unusable = rule.expect.negate;
    switch (rule.expect.kind) {
        case config::Expect::Kind::status:
            return status_matches(rule.expect.pattern, answer.status);
        case config::Expect::Kind::string:
            return answer.body.find(rule.expect.pattern) != std::string::npos;
        case config::Expect::Kind::rstatus:
            return rule.pattern ? rule.pattern->found_in(std::to_string(answer.status))
                                      .value_or(when_unusable)
                                : when_unusable;
        case config::Expect::Kind::rstring:
            return rule.pattern ? rule.pattern->found_in(answer.body).value_or(when_unusable)
                                : when_unusable;
    }
    return false;
}

}  // namespace pgsteer::health
